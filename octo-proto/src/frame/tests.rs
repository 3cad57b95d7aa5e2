use super::*;

fn parse(line: &str) -> Result<Frame, BadFrame> {
    parse_line(line.as_bytes()).map(|head| head.with_bytes(Bytes::new()))
}

#[test]
fn every_kind_of_frame_survives_a_round_trip() {
    let lines = [
        r#"{"channel":"agent","id":"a1","session_id":"ses_1","body":{"cmd":"abort"}}"#,
        r#"{"channel":"agent","id":"a1","ok":{"x": 1}}"#,
        r#"{"channel":"agent","id":"a1","error":{"code":"not_found","message":"no such session"}}"#,
        r#"{"channel":"agent","session_id":"ses_1","runner_id":"r","cursor":"1.2.3","ts":5,"body":{"event":"agent.ready"}}"#,
        r#"{"channel":"terminal","terminal_id":"t","offset":7}"#,
    ];
    for line in lines {
        let frame = parse(line).unwrap();
        assert_eq!(String::from_utf8(frame.encode()).unwrap(), format!("{line}\n"));
    }
}

#[test]
fn a_body_is_carried_as_it_was_written() {
    let line = r#"{"channel":"agent","id":"a","body":{"cmd":"prompt",  "message":"\u00e9\u2028","n":1.0e2}}"#;
    let Frame::Request(request) = parse(line).unwrap() else { panic!("a request") };
    assert_eq!(request.body.get(), r#"{"cmd":"prompt",  "message":"\u00e9\u2028","n":1.0e2}"#);
}

#[test]
fn a_field_twice_is_refused_and_the_id_still_answers() {
    let bad = parse(r#"{"channel":"agent","id":"a1","id":"a2","body":{}}"#).unwrap_err();
    assert_eq!(bad.error.code, crate::Code::BadRequest);
    assert_eq!(bad.id.as_deref(), Some("a2"));
}

#[test]
fn what_is_no_frame_is_told_from_what_is() {
    for line in [
        "",
        "null",
        "[]",
        "17",
        r#""x""#,
        "{}",
        r#"{"id":"a"}"#,
        r#"{"channel":"agent"}"#,
        r#"{"channel":"agent","id":"a"}"#,
    ] {
        assert_eq!(parse(line).unwrap_err().error.code, crate::Code::BadRequest, "{line}");
    }
    let large = format!(r#"{{"channel":"agent","id":"a","body":{{}},"bytes":{}}}"#, MAX_BYTES + 1);
    assert_eq!(parse(&large).unwrap_err().error.code, crate::Code::TooLarge);
}

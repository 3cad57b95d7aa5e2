#!/usr/bin/env python3
"""Ask an agent one thing and print its answer as it is written: python3 client.py 'hello' [DIR]

A whole client of Octo in the standard library of Python. docs/PROTOCOL.md explains each step.
"""
import json, os, random, socket, sys, time

def ulid():
    number, text = int(time.time() * 1000) << 80 | random.getrandbits(80), ""
    for _ in range(26):
        text, number = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number & 31] + text, number >> 5
    return text

def socket_path():
    if home := os.environ.get("OCTO_HOME"):
        return os.path.join(home, "run", "octod.sock")
    run = os.environ.get("XDG_RUNTIME_DIR", "")
    return os.path.join(run, "octo", "octod.sock") if os.path.isdir(run) else f"/tmp/octo-{os.geteuid()}/octod.sock"

class Client:
    def __init__(self):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(socket_path())
        self.file = stream.makefile("rwb", buffering=0)
        self.waiting = []  # events that came while a reply was waited for
        self.ask("system", {"cmd": "hello", "protocol": [1, 1], "name": "example", "version": "1"})

    def read(self):
        line = self.file.readline() or sys.exit("error: octod closed the connection")
        frame = json.loads(line)
        for_later = frame.get("bytes", 0)  # raw bytes may follow a line; none of ours do
        while for_later:
            for_later -= len(self.file.read(for_later))
        return frame

    def ask(self, channel, body, session=None):
        request = {"channel": channel, "id": ulid(), "body": body}
        if session:
            request["session_id"] = session
        self.file.write(json.dumps(request).encode() + b"\n")
        while (frame := self.read()).get("id") != request["id"]:
            self.waiting.append(frame)
        if error := frame.get("error"):
            sys.exit(f"error: {error['message']}\nhint: {error.get('hint', 'none')}")
        return request["id"], frame["ok"]

    def event(self):
        return (self.waiting.pop(0) if self.waiting else self.read()).get("body", {})

client = Client()
cwd = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else ".")
_, created = client.ask("agent", {"cmd": "session.create", "harness": "pi", "cwd": cwd})
session = created["session"]["info"]["session_id"]
client.ask("agent", {"cmd": "watch"}, session)
prompt, _ = client.ask("agent", {"cmd": "prompt", "message": sys.argv[1]}, session)
while True:
    event = client.event()
    if event.get("event") == "stream.text_delta":
        print(event["delta"], end="", flush=True)
    elif event.get("event") == "prompt.ended" and event["request_id"] == prompt:
        print()
        sys.exit(0 if event["outcome"] == "done" else f"error: {event.get('message', event['outcome'])}")

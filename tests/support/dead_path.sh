# In a network of its own: an upstream, the agent, and a path that dies under one connection
# while new ones still get through. $1: the binary, $2: a home with a config for 10.9.9.9:8000.
set -eu
ip link set lo up
ip addr add 10.9.9.9/32 dev lo
python3 - "$2/ports" <<'PYTHON' &
import http.server, sys
class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        open(sys.argv[1], "a").write(f"{self.client_address[1]}\n")
        body = b'{"choices":[]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("10.9.9.9", 8000), Upstream).serve_forever()
PYTHON
upstream=$!
"$1" --home "$2" serve --port 8045 >"$2/out" 2>&1 &
agent=$!
trap 'kill $upstream $agent' EXIT
until grep -q "Running on" "$2/out"; do sleep 0.05; done
# One connection of one client, so that one thread serves it and one connection goes up.
python3 - "$2/ports" <<'PYTHON'
import http.client, subprocess, sys, time
client = http.client.HTTPConnection("127.0.0.1", 8045, timeout=60)
def ask():
    client.request("POST", "/v1/chat/completions", '{"model":"m","messages":[]}', {"content-type": "application/json"})
    answer = client.getresponse()
    answer.read()
    return answer.status
# The upstream may start more slowly than the agent.
while ask() != 200:
    time.sleep(0.05)
assert ask() == 200
ports = open(sys.argv[1]).read().split()
assert ports[0] == ports[1], f"the connection was not used again: {ports}"
def rule(*words):
    subprocess.run(["ip", "rule", *words], check=True)
rule("add", "pref", "10", "lookup", "local")
rule("add", "pref", "5", "ipproto", "tcp", "sport", ports[0], "dport", "8000", "blackhole")
rule("del", "pref", "0")
begun = time.monotonic()
print("status", ask(), "seconds", int(time.monotonic() - begun))
assert open(sys.argv[1]).read().split()[-1] != ports[0]
PYTHON

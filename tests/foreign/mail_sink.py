"""Takes mail as a real server does, and prints each as a line of JSON; the first line is its port."""

import email
import email.policy
import json
import sys

from aiosmtpd.controller import Controller


class Sink:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): value for name, value in message.items()},
            "text": message.get_content(),
        }), flush=True)
        return "250 taken"


class Bound(Controller):
    def _trigger_server(self):
        # Port 0 takes a free one: its own look at itself has to know which.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = Bound(Sink(), hostname="127.0.0.1", port=0)
controller.start()
print(controller.port, flush=True)
# Until whoever started this closes its end.
sys.stdin.read()
controller.stop()

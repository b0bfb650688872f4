//! The words around `rollcall connection add`: what each kind takes, and what is to be done at its source.

use crate::domain::words::Kind;

/// What `rollcall connection add --help` tells.
pub const HELP: &str = "Examples:
  rollcall connection add quickbooks_desktop --company Acme --json
  rollcall connection add paycom --company Acme --set base_url=https://api.paycomonline.net \\
    --secret sid=@sid.txt --secret token=@token.txt
  rollcall connection add connectwise --company Acme --set base_url=https://api-na.myconnectwise.net \\
    --set company_id=acme --set client_id=0199… --secret public_key=@public.txt --secret private_key=@private.txt
  rollcall connection add push --company Acme --json

What stands in brackets holds where nothing is set. A secret in a file (NAME=@FILE) stays out of the list of processes.

quickbooks_desktop: QuickBooks Desktop calls, by its Web Connector. No secrets. Settings:
  app_name               what the Web Connector shows as the application's name
  company_file           full Windows path of the company file, C:\\… or \\\\server\\…; empty for the one that is open
  page_size              customers a page, 1 to 10000 [500]
  run_every_minutes      how often the Web Connector calls, 1 to 10080 [15]
  min_interval_seconds   a call sooner after the last run finds nothing due [60]
  full_every_hours       how often the whole list is read, 0 (every time) to 24 [24]
  delta_overlap_minutes  how far a delta reaches back [70]
  window                 hours in which it may run: 22:00-06:00 America/New_York; empty for always

paycom: Rollcall asks Paycom for its employees. Secrets:
  sid                    the SID of the API user
  token                  the API token of that SID
  webhook_secret         the value of the custom header of Paycom's webhooks; made where it is left out
Settings:
  base_url               where the API is [https://api.paycomonline.net]
  allow_private_address  true lets this connection reach loopback and private addresses [false]
  list_from              which list names the employees: directory, ids, or auto, the first that is enabled [auto]
  details                whether each employee's details are read; the e-mail is only there [true]
  concurrency            how many details are read at once, 1 to 16 [4]
  poll_every_minutes     how often it asks for what changed, 1 to 10080 [30]
  full_every_hours       how often the whole list is read, 0 (every time) to 24 [24]
  delta_overlap_minutes  how far a delta reaches back [10]
  window                 hours in which it may run: 22:00-06:00 America/New_York; empty for always
  page_size              employees a page, 1 to 500 [500]
  requests_per_minute    how many requests it sends at most, 1 to 1000 [180, as Paycom: 3 a second, 20 at once]
  webhook_header         the name of the custom header of Paycom's webhooks [Secret-Key]

connectwise: Rollcall asks ConnectWise PSA for its members, companies and, if wanted, contacts. Secrets:
  public_key             the API member's public key
  private_key            its private key
Settings:
  base_url               where the API is: https://api-na.myconnectwise.net, or your own server
  company_id             what is typed as the company when signing in
  client_id              the clientId of your integration, from developer.connectwise.com
  allow_private_address  true lets this connection reach loopback and private addresses [false]
  api_version            the version of the API that is asked for [2024.1]
  poll_every_minutes     how often it asks for what changed, 1 to 10080 [15]
  full_every_hours       how often the whole lists are read, 0 (every time) to 24 [24]
  delta_overlap_minutes  how far a delta reaches back [10]
  window                 hours in which it may run: 22:00-06:00 America/New_York; empty for always
  page_size              records a page, 1 to 1000 [500]
  requests_per_minute    how many requests it sends at most, 1 to 1000 [600]
  contacts               whether contacts are read as well, as customers [false]
  company_types          only companies of these types, parted by commas; empty for all
  company_statuses       only companies of these statuses, parted by commas; empty for all
  license_classes        only members of these licence classes; A are API members [F,C,X]

push: any other payroll system sends signed messages to Rollcall. No settings. Secrets:
  webhook_secret         the key that the sender signs its messages with; made where it is left out";

/// What is to be done after a connection was added, in the order in which it is done.
pub fn next_steps(kind: Kind, id: &str, origin: &str) -> Option<String> {
    let webhook = format!("{origin}/webhooks/{id}");
    Some(match kind {
        Kind::QuickbooksDesktop => format!(
            "The password is shown only now (`rollcall connection password {id}` makes a new one). Next:
  1. rollcall qwc {id} > rollcall.qwc
  2. Copy the file to the computer of QuickBooks, log in to the company file as Admin, and open the file:
     the Web Connector starts, and QuickBooks asks whether to let it in.
  3. Enter the password in the Web Connector, tick Auto-Run, and press Update Selected.
The Web Connector will call {origin}/qbwc: `rollcall doctor` tells whether it can."
        ),
        Kind::Paycom => format!(
            "The webhook secret is shown only now (`rollcall connection secret {id} webhook_secret` makes a new one).
At Paycom, as an administrator of the client's account, open API Setup. Next:
  1. Add the address from which this gateway calls out to the list of allowed IPs.
  2. Tick the endpoints that list employees and that tell which of them changed, and those of the details if wanted.
     An endpoint that is not ticked answers 413: `rollcall connection test` says so.
  3. rollcall connection test {id}
  4. For updates within seconds, if your contract has webhooks: give as their URL
     {webhook}
     and add a custom header with the webhook secret as its value: the setting webhook_header is its name.
     Paycom then sends a code: `rollcall connection show {id}` shows it; type it into Paycom as it asks for it."
        ),
        Kind::Connectwise => format!(
            "In ConnectWise, open System > Members > API Members. Next:
  1. See that the API member whose keys these are has a security role that may inquire (All) into
     Companies (company and contact maintenance) and System (member maintenance).
  2. rollcall connection test {id}
  3. rollcall connection subscribe {id}
     has ConnectWise send callbacks, for updates within seconds, to {webhook}
     They need a ROLLCALL_PUBLIC_URL that ConnectWise can reach by https."
        ),
        Kind::Push => format!(
            "The webhook secret is shown only now (`rollcall connection secret {id} webhook_secret` makes a new one). Next:
  1. Let the sender POST its messages as JSON to {webhook}
  2. It signs each as Standard Webhooks (standardwebhooks.com) say; most languages have a library. The headers are
     webhook-id (unique; the same when a message is sent again), webhook-timestamp (seconds since 1970) and
     webhook-signature: \"v1,\" and the base64 of HMAC-SHA256, by the bytes that follow whsec_ in base64, of
     ID.TIMESTAMP.BODY
  3. A first message:
     {{\"type\": \"employees.upserted\", \"timestamp\": \"2026-01-31T12:00:00Z\",
      \"data\": [{{\"external_id\": \"7\", \"first_name\": \"Ana\", \"last_name\": \"Lee\", \"email\": \"ana@example.com\", \"active\": true}}]}}"
        ),
        _ => return None,
    })
}

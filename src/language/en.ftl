# What portcullis says, in English. Every key stands in ja.ftl and zh-CN.ftl too.

### State of the proxy

state-running = Running on { $address }
state-stopped = Stopped
state-starting = Starting…
state-draining = { $count ->
    [0] Stopping…
    [one] Stopping… { $count } request finishing
   *[other] Stopping… { $count } requests finishing
}
state-failed = Failed: { $reason }
state-failed-no-accounts = no accounts
state-failed-port-in-use = port { $port } is in use
state-failed-port-in-use-by = port { $port } is in use by { $owner }
state-failed-port-denied = port { $port } is not permitted
state-failed-address = { $address } cannot be bound
state-failed-unknown = the reason is not known
accounts-none = No accounts
accounts-active = { $count ->
    [one] { $count } active account
   *[other] { $count } active accounts
}
accounts-active-cooling = { accounts-active }, { $cooling } cooling

### What went wrong, and what to do

failure-no-accounts = No available accounts. Add an account first.
failure-no-accounts-fix = Run `portcullis account add`, or add an [[accounts]] section to the config file.
failure-no-accounts-usable = { $count ->
    [one] The one account in the config file is not usable
   *[other] None of the { $count } accounts in the config file is usable
}: `portcullis account list` says why, `portcullis account enable NAME` switches one on.
failure-bind = Could not bind { $address }: { $reason }.
failure-in-use = in use by another program
failure-in-use-by-portcullis = in use by another portcullis
failure-in-use-by-portcullis-pid = in use by another portcullis (pid { $pid })
failure-in-use-by-portcullis-of = in use by another portcullis (pid { $pid }, home { $home })
failure-in-use-by = in use by { $name } (pid { $pid })
failure-in-use-by-user = in use by a program of another user ({ $user })
failure-in-use-by-own = in use by the dashboard of this portcullis itself
owner-user = a program of another user ({ $user })
owner-unknown = another program
failure-denied = permission denied
failure-not-available = not an address of this machine
failure-fix-other-portcullis = Use the portcullis that is already running, or give this one another `port` under [proxy].
failure-fix-next-port = Port { $port } is free: set `port = { $port }` under [proxy], or stop the other program.
failure-fix-own = Port { $port } is free: set `port = { $port }` under [proxy]. Or keep it and restart portcullis (`portcullis quit`, then start it): the dashboard then takes another one.
failure-fix-low-port = Ports below 1024 need special rights: set `port` under [proxy] to 1024 or more.
failure-fix-port = Set another `port` under [proxy] in the config file.
failure-with-fix = { $failure } { $fix }
failure-old-address = { $failure } The old address stays in use.
failure-more-problems = { $first } (and { $count } more: run `portcullis config check`)

### What is wrong with a file, and what would be right

# Between the two, and before both the place: config.toml:12:8: proxy.port
problem-at = { $place }: { $said }
problem-with-fix = { $problem }; { $fix }
problem-no-file = there is no such file
problem-unreadable = cannot be read: { $reason }
problem-not-read = could not be read
problem-too-big = is over 16 MiB
problem-not-utf8 = is not UTF-8 (line { $line })
problem-directory = is a directory
problem-no-regular-file = is not a regular file
problem-owner = belongs to another user (id { $id })
problem-owner-of-directory = { $path } belongs to another user (id { $id }), who can put another file in its place
problem-writable = { $path } can be written by other users (mode { $mode })
problem-writable-itself = can be written by other users (mode { $mode })
problem-empty = is empty
problem-not-toml = this is not TOML: { $said }
problem-not-json = this is not JSON: { $said }
problem-no-settings = the file does not hold settings
problem-no-section = is not a section of settings
problem-key-not-written = requires a client key, and none could be written: { $reason }
problem-missing = is missing
problem-unknown-key = unknown key
problem-too-small = { $number } is too small
problem-too-large = { $number } is too large
problem-out-of-range = { $number } is out of range
problem-no-choice = "{ $written }" is not one of the choices
problem-empty-table = is an empty table
problem-is-table = is a table
problem-is-list = is a list
problem-is-text = is text
problem-is-number = is a number
problem-is-fraction = is a number with a fraction
problem-is-boolean = is true or false
problem-is-date = is a date
problem-key-prefix = does not start with sk-
problem-key-short = has fewer than 10 characters
problem-key-placeholder = is a placeholder that others on the network can guess
problem-key-character = contains a character that no key has (a space, a line break or a letter outside ASCII)
problem-blanks-around = has leading or trailing spaces
problem-provider-key = is missing, and { $provider } answers no request without it
problem-variable-name = is not the name of a variable
problem-no-program = does not name a program
problem-host = is not a bare host name
problem-no-proxy = is not a host, domain or network
problem-ca-file = cannot be used: { $reason }
problem-proxy-password = has a user name or a password with a character that must be encoded
problem-url-own = is the address of portcullis itself: each request would loop forever
problem-origin = is not an origin
problem-name-taken = is the name of { $other } too
problem-name-slash = contains a `/`, which separates account and model in a pin
problem-name-key = looks like a key, and names are shown everywhere
problem-name-blank = contains a control character, or begins or ends with a space
problem-name-provider = is the name of another provider, so a pin could mean either
problem-model-empty = has an empty model name
problem-model-blank = has a model name with a control character, or with a space at its beginning or end
problem-model-pattern = leads to a pattern instead of a model
problem-model-pin = pins a provider or an account, but names no model
problem-feed-missing = is missing, so there is no feed to read
problem-url-missing = is missing, and openai-compatible has no address of its own
problem-no-url = is not a URL
problem-bad-url = is not a URL ({ $reason })
problem-url-scheme = starts with a scheme that cannot be used here
problem-url-host = has no host
problem-url-password = contains a user name or a password
problem-url-query = has a query or a fragment
problem-url-unencrypted = would send the key over the internet unencrypted
problem-url-forgeable = is unencrypted, so its answers could be forged on the way
problem-url-signal = ends with the path of one signal
problem-url-endpoint-root = ends with an endpoint instead of the root of the API
problem-url-endpoint-base = ends with an endpoint instead of the base of the API
problem-url-version = ends with a version, which portcullis adds itself
fix-and-more = { $fix } (and { $count } more problems below)
fix-write = write { $what }
fix-write-line = write { $line }
fix-url-scheme = write { $schemes }
fix-expected = expected { $what }
fix-did-you-mean = did you mean { $likely }?
fix-belongs-under = it belongs under [{ $section }]
fix-keys-here = the keys here are { $keys }
fix-again = try again
fix-no-file = `portcullis config init` writes one
fix-permissions = check its permissions
fix-permissions-around = check the permissions of the file and its directories
fix-too-big = a configuration is much smaller than that
fix-not-utf8 = save it as UTF-8
fix-no-regular-file = put a file in its place
fix-owner = use a file of your own, or make this one yours
fix-owner-of-directory = keep it in a directory of your own, or run `sudo chown "$(id -u)" "{ $path }"`
fix-writable = run `chmod go-w "{ $path }"`
fix-writable-key = run `chmod go-w "{ $path }"`, then `portcullis reload`
fix-empty-file = remove it and run `portcullis config init` for a fresh one
fix-duplicate-key = keep one of the two
fix-line = correct the line, or remove it
fix-json-line = correct the line, then try again
fix-no-section = correct or remove it, then try again
fix-key-not-written = run `portcullis key rotate`
fix-rotate-key = `portcullis key rotate` writes a valid one
fix-key-character = copy the whole key again, and nothing else
fix-blanks-around = remove them
fix-list-empty = write at least one text in quotes between the brackets
fix-double-brackets = write [[{ $key }]] with double brackets, once for each entry
fix-single-brackets = write [{ $key }] with single brackets, once
fix-zai-key = write the key, or set `enabled = false`
fix-provider-key = write the key in quotes, or the place where it is kept, such as {"{"} env = "NAME" {"}"}
form-fix-provider-key = paste the key, or open “The key is kept elsewhere” and enter the place
fix-variable-name = write the name alone, such as "GEMINI_API_KEY"
form-fix-variable-name = write the name alone, such as GEMINI_API_KEY
fix-secret-file = write the path of a file that holds the secret
fix-secret-keyring = write the name of the entry
fix-secret-command = write the program and its arguments, like ["pass", "show", "gemini"]
fix-host = write the name or address alone, without scheme, port, path or `*`
fix-no-proxy = write a host (gpu-box.example), a domain with all its subdomains (corp.example), an address or a network (10.0.0.0/8), without scheme or port
fix-ca-file = name a file with certificates in PEM form (-----BEGIN CERTIFICATE-----), or leave it empty
fix-proxy-password = in the password, write @ as %40, : as %3A, / as %2F, # as %23 and ? as %3F
fix-url-own = write the address of the provider or of the model server
fix-origin = write each origin as scheme://host or scheme://host:port, without path or `*`
fix-name-empty = write a name, such as "gemini-work"
fix-name-taken = give each account its own name
fix-name-slash = write a name without `/`
fix-name-key = put the key under `api_key`, and give the account another name
fix-name-blank = write plain text without spaces around it
fix-name-provider = write another name, such as "my-account"
fix-model-empty = write the name of a model
fix-model-blank = write the name alone
fix-model-pattern = write the name of one model, without `*`
fix-model-pin = write "{ $pin }/…" with a model after the `/`
fix-feed-missing = write the address of a releases feed, or set `check = false`
fix-url-missing = write base_url = "http://localhost:11434/v1", or wherever the server is
form-fix-url-missing = write the address of the server, such as http://localhost:11434/v1
fix-url-key = put the key into api_key instead
fix-url-query = remove everything after the path
fix-url-https = write https:// (http:// is for this computer and private networks)
fix-url-alone = write the address without them
fix-url-signal = write the base, which ends before /v1
fix-collector = send the data to a collector on this computer, and keep the secret there
expected-either = { $one } or { $another }
expected-one-of = one of { $choices }
expected-whole-number = a whole number from { $least } to { $most }
expected-number = a number from { $least } to { $most }
expected-boolean = true or false, without quotes
expected-list = a list in brackets, like ["…"]
expected-table = a table
expected-text = text in quotes
problem-key-of-another-server = was entered for another server, not for { $host }
problem-source-unnamed = is not named in the config file for this server, and a page cannot add it
problem-proxy-reads-key = could read the key of { $account }, which is sent to { $host } unencrypted
problem-authority-by-page = decides which servers get your keys, so a page cannot change it
fix-key-of-another-server = enter the key for { $host } as well, or write the address in the config file by hand
fix-source-variable = run `portcullis account add --from-env { $name }`, or write it in the config file by hand
fix-by-hand = write it in the config file by hand
fix-proxy-reads-key = write the proxy in the config file by hand if it may read that key
edit-changed-meanwhile = another program saved the file at the same moment, try again
edit-busy = another program has been editing for { $seconds } seconds (it holds { $lock }); try again when it has finished
edit-busy-by = another program (pid { $pid }) has been editing for { $seconds } seconds (it holds { $lock }); try again when it has finished, or end it
edit-not-in-force = written, but not in force: { $reason }
edit-two-places = enter the key itself or the place where it is kept, not both
edit-other-key = this looks like a key of { $owner }, not of { $provider }
pasted-masked = this is a key with a part left out, as in a list of keys: copy the whole key, or create a new one there
pasted-placeholder = this is a placeholder where a key should be: paste the key itself
pasted-url = this is an address, not a key: open it, and copy the key from there
pasted-json = this is JSON, not a key: copy only the key from it
edit-no-setting = { $key } is not a setting
edit-hidden-part = { $key }: the part shown as *** is a secret; enter it again
edit-no-value = { $key }: must be text, a whole number, true or false, or a list of texts

### What the file says and the system does not have

warning-readable = { $path } can be read by other users (mode { $mode }); `chmod 600` makes it private
warning-no-ipv6 = could not bind { $address } ({ $reason }): clients that resolve localhost to IPv6 cannot connect
warning-ipv6-taken = { $address } belongs to { $owner }: clients that resolve localhost to IPv6 send the key and the prompts there
warning-account = account { $name }: { $reason }
warning-model-unserved = models."{ $asked }": no account serves { $target }
warning-demo = account { $name } is the demo: it invents answers for models that no other account serves; remove it when you are done
secret-not-had = { $place } { $reason }
secret-kept = { $reason }; its last value is still used
secret-in-variable = environment variable { $name }
secret-in-file = secret file { $path }
secret-in-keyring = keyring entry { $name }
secret-in-command = command { $program }
secret-not-set = is not set in the agent's environment
secret-not-text = is not text
secret-too-long = is longer than any key (over 16 KiB)
secret-not-in-keyring = is not in the keyring (service { $service })
secret-no-keyring = cannot be read: this system has no keyring that can be reached
secret-keyring-locked = cannot be read: the keyring is locked
secret-keyring-unreadable = could not be read
secret-lookup-failed = could not be looked up
secret-no-answer = did not answer within { $seconds } seconds
secret-not-started = could not be started: { $reason }
secret-command-failed = failed ({ $status })
secret-command-complained = failed ({ $status }): { $complaint }

### Why an account rests or was refused

# The reason, then the provider's own words, if any.
reason-quoted = { $reason }: { $words }
reason-of-models = { $models }: { $reason }
reason-status = answered { $status }
reason-wordless = failed without saying why
reason-no-key = no api_key
reason-invalid-key = invalid key
reason-expired-key = expired key
reason-suspended-key = suspended key
reason-leaked-key = the key was reported as leaked
reason-key-lacks-permissions = the key lacks permissions
reason-key-not-for-api = the key may not use this API
reason-key-for-pages = the key is restricted to web pages
reason-key-for-addresses = the key is restricted to other addresses
reason-key-for-app = the key is restricted to an app
reason-key-header = the key holds characters that a header cannot carry
reason-access-denied = access denied
reason-no-quota = no quota left
reason-no-credit = no credit left
reason-payment-required = payment required
reason-billing-limit = billing limit reached
reason-billing-inactive = billing is not active
reason-billing-disabled = billing is disabled
reason-plan-expired = the plan has expired
reason-account-deactivated = account deactivated
reason-account-inactive = account inactive
reason-account-locked = account locked
reason-no-such-account = no such account
reason-organization-disabled = organization disabled
reason-invalid-project = invalid project
reason-api-not-enabled = the API is not enabled for this project
reason-redirect = answered with a redirect; redirects are never followed
reason-web-page = a web page answered instead of the API
reason-unexpected-status = answered with an unexpected status
reason-timed-out = no answer within { $seconds } s
reason-endless = the answer did not end in time
reason-broke-early = the connection broke before the first byte of the answer: { $error }
reason-broke-off = the answer broke off: { $error }
reason-empty-answer = answered { $status } with an empty body
reason-wrong-answer = the answer is not what was asked for
reason-serves-nothing = serves no model: { $why }. Name its models in its [[accounts]] section, such as models = ["*"]
list-empty = its model list is empty
list-not-had = its model list could not be read ({ $reason })
list-lacks-version = { $reason }; its base_url lacks /v1, try { $url }
reason-at-host = { $host }: { $error }
reason-no-such-host = { $host }: this name has no address: { $error }
reason-unknown-issuer = { $host }: its certificate is signed by an authority that this computer does not trust: add the authority's certificate to the system's store, or set upstream.ca_file to its PEM file
reason-authority-as-server = { $host }: its certificate belongs to an authority and cannot be used by a server: create one with `CA:FALSE`, and set upstream.ca_file to it, or to the authority that signed it
reason-proxy-down = the proxy { $proxy } (upstream.proxy) cannot be reached: { $error }: start it, or change upstream.proxy
reason-proxy-password = the proxy { $proxy } (upstream.proxy) requires a user name and a password: add them to upstream.proxy
reason-unknown-proxy-password = a proxy on the way to { $host } requires a user name and a password: set upstream.proxy to its URL with both
reason-proxy-refused = the proxy { $proxy } (upstream.proxy) refused to connect to { $host } ({ $error }): allow the host there, or add it to upstream.no_proxy
account-test-works = works
account-test-list = the model list
account-test-list-only = only the model list answered, and some providers show that to anyone: the account stays refused
account-test-serves = works, and serves { $count ->
    [one] one model: { $models }
   *[other] { $count } models: { $models }
}
account-test-serves-nothing = serves no model: { $why }
cure-models = Name the models of { $name } in its [[accounts]] section: models = ["*"] for all that clients ask for.
cure-unproven = Name a model in the `models` of account { $name } and test it again, or use the account without a test: `portcullis account enable { $name }`.
cure-key = Give account { $name } a valid key: its `api_key` in the config file.
cure-key-source = The agent does not see your shell's environment: give { $name } a file ({ "{" } file = "/absolute/path" { "}" }), an absolute path to the program, or set the variable in ~/.config/environment.d or with `systemctl --user import-environment`, then start the agent again.
cure-credit = Add credit to account { $name } at its provider.
cure-version = Its `base_url` lacks /v1: set base_url = "{ $url }" for account { $name }.
cure-base-url = Check `base_url` of account { $name }: there is no model list at { $url }.
cure-model = Correct `models` of account { $name }: its provider does not know that model.
cure-wait = Wait, then try again: `portcullis account test { $name }`. The provider is in trouble, or limits you.
cure-certificate = Add the certificate authority to the system's store, or set ca_file under [upstream] to its file.
cure-proxy = Start the proxy at { $proxy }, or correct `proxy` under [upstream]; empty means no proxy.
cure-address = Check `base_url` of account { $name } ({ $url }), that its server is running, and the network.
cure-authority-as-server = Create a certificate of its own for the server, with CA:FALSE, and set ca_file under [upstream] to it, or to the authority that signed it.
cure-server-certificate = The server's certificate must be valid now (check this computer's clock, too) and issued for the host in `base_url` of account { $name }: renew it, or correct `base_url`.
cure-proxy-password = Add the proxy's user name and password to `proxy` under [upstream]: http://NAME:PASSWORD@HOST:PORT.
cure-proxy-refused = Allow the host at the proxy, or add it to `no_proxy` under [upstream].
cure-proxy-down = Start the proxy that `proxy` under [upstream] names, or correct it; empty means no proxy.
cure-way = Check `base_url` of account { $name }, that its server is running, and the network. There is no need to wait: the next request tries again.
cure-loop = Correct `base_url` of account { $name }: it leads back to portcullis.
cure-key-file = Create the file, readable by you alone, with nothing in it but the key of account { $name }, or correct its path in `api_key`.
cure-key-keyring = Add the key of account { $name } to the keyring and unlock it, or correct the name in `api_key`.

### Why no account takes a request

no-lease-reason = { $account }: { $reason }
no-lease-trying-again = { $account }: { $reason } (trying again)
no-lease-tried = { $account }: already tried for this request
no-lease-no-key = { $account }: its API key could not be read; `portcullis status` says why
no-lease-no-provider = there is no { $provider } account
no-lease-no-account = there is no account named { $name }
no-lease-not-listed = account { $account } does not list { $model } in its models
no-lease-not-listed-unnamed = the account asked for does not list { $model } in its models
no-lease-off = account { $account } is switched off in the config
no-lease-off-unnamed = the account that would serve it is switched off in the config
no-lease-serves-nothing = account { $account } { $problem }
no-lease-serves-nothing-unnamed = an account { $problem }
no-lease-add = add an account of { $provider }
no-lease-list = name it in the models of the account that has it
no-lease-served = { $cause }; accounts here serve { $models }; [models] in the config can map the name to one of those

### Notices

notice-config-problem = { $count ->
    [one] The config file has a problem; the last good one stays in force. { $first }
   *[other] The config file has { $count } problems; the last good one stays in force. The first: { $first }
}
notice-config-problem-first = { $count ->
    [one] The config file has a problem, and the proxy does not start until it is corrected. { $first }
   *[other] The config file has { $count } problems, and the proxy does not start until they are corrected. The first: { $first }
}
notice-account-disabled = Account { $name } is no longer used: { $reason }
notice-all-cooling = All accounts are cooling; the first is ready in { $seconds } s.
notice-upstream-unreachable = { $host } cannot be reached: { $reason }
notice-ticket-used-twice = A dashboard address was used a second time, so another program may have read it. The page that it had opened was locked out: open the dashboard again.
notice-lan-without-key = Everyone on this network can use your accounts: LAN access is on and auth_mode is off.
notice-moved = portcullis is now at { $url }: point clients there.
notice-moved-followed = Pointed there for you: { $tools }.
notice-moved-left = Not pointed there, because their settings were changed after they were connected: { $tools }.
record-not-written = { $lost ->
    [0] Requests are not being recorded: { $reason }
   *[other] Requests are not being recorded ({ $lost } lost so far): { $reason }
}

### Newer versions

notice-update-available = portcullis { $version } is out; this is { $current }.
updates-no-answer = The release feed could not be read: { $reason }.

### The record in a terminal

logs-missed = { $count ->
    [one] { $count } request came too fast to be shown; `portcullis logs` without -f shows it.
   *[other] { $count } requests came too fast to be shown; `portcullis logs` without -f shows them.
}
logs-cancelled = cancelled by the client
logs-cut = cut off
cli-usage-nothing = No such requests have been recorded.
cli-usage-period = From
cli-usage-model = Model
cli-usage-account = Account
cli-usage-client = Client
cli-usage-requests = Requests
cli-usage-errors = Errors
cli-usage-input = Input
cli-usage-cached = Cached input
cli-usage-output = Output
cli-usage-cost = Estimated cost
cli-usage-first-token = First token
cli-usage-duration = Duration
cli-usage-unpriced = { $count ->
    [one] { $count } answer is not included in the cost, because its model has no known price: add one under [prices].
   *[other] { $count } answers are not included in the cost, because their models have no known price: add prices under [prices].
}

### What was clicked and could not be done

refused-browser = No browser could be opened ({ $reason }).
refused-editor = { $path } could not be opened ({ $reason }). Open it in an editor.
refused-clipboard = Nothing was copied: { $reason }.
refused-no-key = There is no API key to copy. Run `portcullis key rotate` to make one.

### Tray menu

tray-start = Start proxy
tray-stop = Stop proxy
tray-restart = Restart proxy
tray-use-port = Use port { $port } instead
tray-open-dashboard = Open dashboard
tray-copy-dashboard-address = Copy dashboard address
tray-copy-base-url = Copy base URL
tray-copy-api-key = Copy API key
tray-accounts = Accounts
tray-account-cooling = { $name } — cooling until { $time }
tray-account-disabled = { $name } — disabled: { $reason }
tray-account-unusable = { $name } — cannot be used: { $reason }
tray-clear-cooldowns = Clear cooldowns
tray-connect = Connect
tray-settings = Settings
tray-authentication = Authentication
tray-auth-auto = Automatic: only with LAN access
tray-auth-off = Off: no key is asked for
tray-auth-all-except-health = Every path but /healthz
tray-auth-strict = Strict: every path
tray-lan = Allow LAN access
tray-notifications = Notifications
tray-edit-config = Edit config file
tray-reload-config = Reload config
tray-start-at-login = Start at login
tray-about = About portcullis { $version }
tray-quit = Quit

### Starting the tray agent

cli-opened = Opened { $address } in your browser; `--print` prints the address instead.
cli-open-print = `portcullis open --print` prints the dashboard's address.
cli-handed-over = portcullis is already running; its dashboard opens in the browser.
cli-handed-over-without-browser = portcullis is already running. { $reason }
cli-handed-over-without-icon = portcullis is already running as `portcullis serve`, without a tray icon. To have one, run `portcullis quit`, then `portcullis`.
cli-no-session = No graphical session was found, so there is no tray to show an icon in: run `portcullis serve` to run the proxy in this terminal.

### Connecting tools

connect-done = { $tool } now points at { $url }. Changed:
connect-already = { $tool } already points at { $url }.
connect-undo = `portcullis disconnect { $id }` restores these files.
connect-not-running = portcullis is not running, so { $tool } gets no answer yet. Start it with `portcullis { $command }`, or from the menu.
connect-gemini-trust = Gemini CLI reads this only in folders that it trusts, and an .env file closer to its working directory overrides it.
connect-codex-conversations = Codex lists only the conversations of the provider it uses. While it is connected, earlier ones are hidden: `codex -c model_provider=openai resume` lists them. After `portcullis disconnect codex`, those made here are hidden and cannot be reopened from the list until Codex is connected again; `codex exec resume --last` continues the latest one, wherever it was made.
connect-state-here = points here
connect-state-elsewhere = points at { $url }
connect-state-unset = not connected
connect-state-broken = cannot be read: { $problem }
connect-any-port = The port is any free one (port = 0), so start portcullis first.
connect-no-key = There is no client key for the tool. `portcullis key rotate` creates one.
disconnect-done = { $tool } no longer goes through portcullis, and its earlier settings are restored. Changed:
disconnect-partly = The earlier settings of { $tool } are restored, except for the values below. Changed:
disconnect-nothing = { $tool } was not connected.
disconnect-left = { $key } in { $file } was changed after connecting, and stays as it is.
disconnect-still-here = { $tool } still points here, as it did before it was connected.
disconnect-models = Under [models] in { $file } these lines stay, and replace models that { $tool } asks for: { $lines }. Remove them there if you no longer want them.
stranded-tools = The connected tools get no answer from now on: { $tools }. To restore their settings: { $commands }.
stranded-others = No answer from now on for { $tools }: their own settings point here, and connect did not write them.
disconnect-codex-conversations = Codex hides the conversations that were made through portcullis, and cannot reopen them from its list: `portcullis connect codex` brings them back; `codex exec resume --last` continues the latest one. Earlier ones are listed again.
disconnect-undone = The settings of { $tool } are already as they were before.
tool-unserved = No account here serves { $models }, which { $tool } asks for.
tool-unserved-fix = Use one of these instead: { $offers }. Add under [models] in the config file: { $lines }, or run `portcullis connect { $id } --model { $model }`.
tool-unserved-add = Add an account that serves { $models }: `portcullis account add`.
tool-unserved-ask = Which model should answer instead? Type its number or its name; an empty line changes nothing.
tool-unserved-choice = No account here serves { $typed }.
tool-model-choice = { $tool } lets you pick any model yourself, so there is none to replace.
tool-model-unserved = no account here serves { $model }; available are { $offers }
tool-model-set = Added under [models]: { $models } are answered by { $model }. The line stays there after `portcullis disconnect`.
disconnect-not-ours = { $tool } was not connected by portcullis: remove { $key } from { $file } yourself.

### Start at login

autostart-on = portcullis starts at login.
autostart-off = portcullis does not start at login.
autostart-stale = Another program starts at login: { $command }. `portcullis autostart on` replaces it with this one.

### Doctor

doctor-well = All is well.
doctor-warnings = { $count ->
    [one] { $count } warning.
   *[other] { $count } warnings.
}
doctor-problems = { $count ->
    [one] { $count } problem.
   *[other] { $count } problems.
}
doctor-config-ok = The config file is in order: { $path }
doctor-config-missing = There is no config file yet: { $path }
doctor-config-missing-fix = `portcullis config init` writes one.
doctor-config-broken = { $count ->
    [one] The config file has a problem: { $first }
   *[other] The config file has { $count } problems; the first: { $first }
}
doctor-config-fix = `portcullis config check` shows every problem with its fix.
doctor-config-warning-fix = Correct it in { $path }; a save applies at once.
doctor-clock = The clock of this computer is wrong, so no provider's certificate is valid.
doctor-clock-fix = Set the date and the time.
doctor-files-ok = Only you can read what portcullis keeps.
doctor-files-open = { $path } is open to other users (mode { $mode }).
doctor-files-exposed = { $path } can be written by other users (mode { $mode }).
doctor-files-open-fix = Run `chmod { $mode } "{ $path }"`.
doctor-owner = { $path } belongs to another user (id { $owner }), so portcullis cannot use it. Most likely it was run once with sudo.{ $more ->
    [0] {""}
    [one] {" "}So does one more.
   *[other] {" "}So do { $more } more.
}
doctor-owner-fix = Run `sudo chown -R { $user } { $directories }`.
doctor-read-only = { $path } is on a file system that cannot be written.
doctor-read-only-fix = Mount it writable, or use another directory with `--home`.
doctor-unwritable = { $path } cannot be written.
doctor-unwritable-fix = Run `chmod { $bits } "{ $path }"`.
doctor-disk-full = The disk of { $path } is full, so portcullis cannot write there.
doctor-quota-used = Your quota on the disk of { $path } is used up, so portcullis cannot write there.
doctor-disk-full-fix = Free some space there (`df -h "{ $path }"` and `df -i "{ $path }"` show what is left), or use another directory with `--home`.
doctor-agent-silent = portcullis runs, but does not answer.
doctor-agent-silent-fix = Run `portcullis quit`, then start it again.
doctor-agent-warning-fix = `portcullis status` shows when it is over; the log says more: { $path }
doctor-proxy-stopped = The proxy is stopped.
doctor-proxy-stopped-fix = `portcullis start` starts it.
doctor-reload-fix = `portcullis reload` reads the config file again and says what is in the way.
doctor-not-running = portcullis is not running; port { $port } is free.
doctor-not-running-fix = Start it with `portcullis serve`.
doctor-lan-fix = Set `auth_mode = "auto"` under [proxy].
doctor-ipv6-fix = End that program and run `portcullis restart`, or point clients at 127.0.0.1 in place of localhost.
doctor-users-untold = This system does not report which user connects, so every user of this computer can use your accounts while no key is required.
doctor-users-untold-fix = Set `auth_mode = "strict"` under [proxy].
doctor-account-disabled = Account { $name } was refused: { $reason }
doctor-account-disabled-fix = Check its key; `portcullis account enable { $name }` uses it again.
doctor-account-silent-fix = If it was refused, check its key; if nothing answers, check its `base_url` and the network. `portcullis account test { $name }` tries again.
doctor-account-unusable = Account { $name } has no key: { $reason }
doctor-account-unseen-fix = Your shell has the key, but the agent does not: it was started without your shell's environment. Name an absolute path, use { "{" } file = "…" { "}" }, or set the variable in ~/.config/environment.d or with `systemctl --user import-environment`, then start the agent again.
doctor-account-cooling = Account { $name } is cooling: { $reason }
doctor-account-cooling-fix = Wait, or run `portcullis account clear-cooldown { $name }`.
doctor-account-credit-fix = Add credit to account { $name } where its provider keeps it, then run `portcullis account clear-cooldown { $name }`.
doctor-account-answers = Account { $name } answers.
doctor-account-silent = Account { $name } does not answer: { $reason }
doctor-no-keys = { $count ->
    [one] The one account has no key.
   *[other] None of the { $count } accounts has a key.
}
doctor-no-keys-fix = Give an account its key; the problem of each is listed below.
doctor-proxies-ok = No proxy in the environment comes between clients and portcullis.
doctor-proxies-trap = { $name } is set, and NO_PROXY does not exempt 127.0.0.1: some clients, such as Gemini CLI, would not get through.
doctor-proxies-trap-fix = Set `NO_PROXY=127.0.0.1,localhost`, in addition to its current value.
doctor-upstream-proxy-ok = The proxy { $proxy } (upstream.proxy) answers.
doctor-upstream-proxy = The proxy { $proxy } (upstream.proxy) does not answer: { $reason }
doctor-proxies-unused = portcullis does not use { $name } from the environment: it connects to providers directly.
doctor-proxies-unused-fix = If your network needs it, write under [upstream]: proxy = "{ $value }"
doctor-variable = { $name } points clients elsewhere: { $value }
doctor-variable-fix = Unset it, or set it to { $value }.
doctor-tool-here = { $tool } points here.
doctor-tool-stranded = { $tool } points at portcullis, which is not running.
doctor-tool-stranded-fix = Start it with `portcullis serve` or `portcullis start`, or put the tool back with `portcullis disconnect { $id }`.
doctor-tool-elsewhere = { $tool } points at { $url }.
doctor-tool-unset = { $tool } was connected, and no longer points here.
doctor-tool-fix = `portcullis connect { $id }` points it here.
doctor-tool-broken = The settings of { $tool } cannot be read: { $problem }
doctor-tool-broken-fix = Correct the file; the tool cannot read it either.
doctor-login-stale = Another program starts at login: { $command }
doctor-login-stale-fix = `portcullis autostart on` starts this one instead.
doctor-bus-missing = There is no session bus, so no tray icon and no notifications.
doctor-bus-missing-fix = Log in to a desktop, or use `portcullis serve`, which needs none.
doctor-tray-ok = The desktop shows tray icons.
doctor-tray-missing = Nothing on this desktop shows tray icons.
doctor-tray-missing-fix = Add a tray to the panel; on GNOME, install the extension AppIndicator Support.
doctor-icon-none = The running agent has no tray icon: it was started with `portcullis serve`.
doctor-icon-elsewhere = The icon of the running agent is in another session.
doctor-icon-elsewhere-fix = Run `portcullis` here: its icon, notifications and browser move to this session.
doctor-notifications-ok = Notifications work, and their buttons too.
doctor-notifications-plain = Notifications work, but have no buttons here.
doctor-notifications-plain-fix = Use the menu instead: it has everything that a button does.
doctor-notifications-missing = No notification service answers.
doctor-notifications-missing-fix = Install one, such as dunst or mako; `portcullis status` shows the same information.

### Notifications

notify-title-bind = The port cannot be used
notify-title-config = Problem in the config file
notify-title-account = Account no longer used
notify-title-cooling = All accounts are cooling
notify-title-upstream = Provider cannot be reached
notify-title-lan = Open to the network without a key
notify-title-moved = portcullis has moved
notify-title-update = A newer version is out
notify-title-ticket = Another program may have opened the dashboard
notify-title-refused = That could not be done
notify-action-move = Use port { $port }
notify-action-edit = Open the file
notify-action-copy-address = Copy address
notify-action-dashboard = Open dashboard

### The pages: frame

nav-home = Home
nav-requests = Requests
nav-usage = Usage
nav-accounts = Accounts
nav-settings = Settings
nav-skip = Skip to the content
page-start = Start proxy
page-stop = Stop proxy
page-restart = Restart
page-use-port = Use port { $port } instead
page-save = Save
page-saved = Saved and applied.
page-cancel = Cancel
page-copy = Copy
page-show = Show
page-copied = Copied.
lost-title = Nothing here
lost-page = There is no such page.
lost-record = There is no record of this request, or it has been deleted.

### Home and the first request

home-latest = Latest requests
home-all-requests = All requests
first-title = First request in three steps
first-step-check = Check that it runs
first-check-why = The smallest possible request. It needs no model and no account, only a running proxy.
first-check-now = Check now
first-check-failed = { $url } does not answer. Start the proxy.
first-step-connect = Point a client here
first-connect-why = Paste one of these. OpenAI clients need /v1 at the end of the base URL; Anthropic and Gemini clients do not.
first-or-connect = Or let portcullis set it up (disconnect undoes it):
first-show-key = Show the key
first-key-hint = The copied text holds the real key.
first-step-ask = Ask something
first-waiting = Waiting for a request…
first-answered = { $client } got an answer from { $model }. You are connected.
first-refused = { $client } sent a request and got { $status }.
first-some-client = A client
first-details = Details
first-advice-401 = The key was missing or wrong. Send the key shown above in one of these headers: Authorization: Bearer KEY, x-api-key: KEY, x-goog-api-key: KEY.
first-advice-404 = There is no such path, so the base URL is probably wrong. It is { $base_url }/v1 for OpenAI clients and { $base_url } for Anthropic and Gemini clients.
first-advice-model = No account serves the model { $model }. Add an account for it, name it in an account's models, or map it under [models].

### Requests

requests-time = Time
requests-model = Model
requests-account = Account
requests-client = Client
requests-tokens = Tokens in → out
requests-first-byte = First token
requests-duration = Duration
requests-outcome = Outcome
requests-off = Requests are not being recorded. Turn recording on under Settings.
requests-none = No requests yet. They appear here as they arrive.
requests-none-match = No request matches these filters.
requests-newest = Newest
requests-older = Older
requests-dropped = { $count } requests were not recorded because the disk was too slow.
requests-export-csv = Export CSV
requests-export-jsonl = Export JSON Lines
requests-clear = Delete all
requests-clear-question = Delete the record of all requests?
requests-clear-explanation = The usage figures are deleted with it. This cannot be undone.
requests-cleared = The record was deleted.
filter-text = Text
filter-model = Model, * allowed
filter-account = Account
filter-protocol = Protocol
filter-client = Client
filter-errors = Errors only
filter-all = All
filter-apply = Filter
filter-clear = Clear filters
outcome-failed = failed, { $status }
outcome-cancelled = cancelled
outcome-cut = cut off
detail-timeline = Attempts
detail-no-attempts = No account was tried.
detail-answer = answer
detail-dropped = Left out
detail-dropped-why = The account's protocol cannot express these fields of the request, so they were not sent.
detail-facts = Details
detail-time = Time
detail-id = Request ID
detail-client = Client
detail-peer = Address
detail-protocol = Protocol
detail-path = Path
detail-understood = Understood as
detail-hint = Hint
detail-asked = Model asked for
detail-used = Model used
detail-provider = Provider
detail-account = Account
detail-status = Status
detail-error-kind = Kind of error
detail-streamed = Streamed
detail-yes = yes
detail-input = Input tokens
detail-cached = of which cached
detail-cache-write = of which written to a cache
detail-output = Output tokens
detail-reasoning = of which reasoning
detail-cost = Estimated cost
detail-bytes-in = Request size
detail-bytes-out = Answer size
detail-first-byte = Time to first token
detail-duration = Duration
detail-request-body = Request body
detail-response-body = Answer body
detail-body-cut = Only the first part of the { $length } was kept.

### Usage

usage-per-hour = Hours
usage-per-day = Days
usage-per-week = Weeks
usage-by-model = By model
usage-by-account = By account
usage-by-client = By client
usage-tokens = Tokens
usage-requests = Requests
usage-errors = Errors
usage-first-byte = Time to first token
usage-cost = Estimated cost
usage-input = Input
usage-cached = Cached
usage-output = Output
usage-reasoning = Reasoning
usage-total = Total
usage-others = Others
usage-unknown = unknown
usage-nothing = No usage in this period.
usage-as-table = The charts as a table
usage-period = Period
usage-cost-is-estimate = Cost is an estimate from a table of list prices, not a bill.
usage-cost-partial = The price of some answers is not known, so the real cost is higher.

### Accounts

accounts-order = With “By priority” under Settings, accounts are tried in this order; otherwise they share the requests. A saved key is never shown again.
accounts-empty = No accounts yet. Add one with a key of your own.
accounts-add = Add account
accounts-added = The account was added. Test it to see whether its key works.
accounts-clear-all = Clear all cooldowns
accounts-clear = Clear cooldown
accounts-cleared = Cooldowns cleared.
accounts-test = Test
accounts-enable = Enable
accounts-disable = Disable
accounts-up = Up
accounts-down = Down
accounts-edit = Edit
accounts-remove = Remove
accounts-removed = { $name } was removed.
accounts-remove-question = Remove { $name }?
accounts-remove-explanation = Its section is removed from the config file, including the key. Requests in progress finish.
accounts-test-works = { $name } works: asked for { $asked }, answered in { $duration }.
accounts-test-fails = { $name } does not work.
account-ready = ready
account-off = off
account-disabled = key refused
account-unusable = key not available
account-cooling = cooling until { $until }
account-name = Name
account-provider = Provider
account-key = API key
account-key-elsewhere = The key is kept elsewhere
account-key-env = Environment variable
account-key-file = File
account-key-keyring = Keyring entry
account-base-url = Base URL, if it is not the provider's own
account-models = Models it serves, one per line, * allowed
account-priority = Priority, lower first
account-weight = Weight

### Settings

settings-file = Saved in
settings-at-once = Applied at once. The file's comments and order are kept.
settings-one-a-line = One per line
settings-general = General
settings-proxy = Proxy
settings-pool = Account pool
settings-upstream = Upstream
settings-monitor = Request record
settings-notifications = Notifications
settings-zai = z.ai in place of Claude
settings-telemetry = Telemetry
settings-updates = Updates
setting-language = Language
setting-port = Port
setting-lan = LAN access
setting-auth-mode = Authentication
setting-api-key = Client key
setting-start-with-agent = Start the proxy with portcullis
setting-request-timeout = Request timeout, seconds
setting-max-body = Maximum request size, MB
setting-drain-timeout = Time to finish requests when stopping, seconds
setting-allowed-hosts = Additional host names
setting-allowed-origins = Web pages that may call the proxy
setting-strategy = How an account is picked
setting-max-attempts = Accounts tried for one request
setting-max-cooldown = Maximum cooldown, seconds
setting-zai-enabled = Use z.ai
setting-zai-dispatch-mode = Which requests it answers
setting-zai-base-url = Base URL
setting-zai-api-key = z.ai key
setting-zai-opus = Model for opus
setting-zai-sonnet = Model for sonnet
setting-zai-haiku = Model for haiku
setting-upstream-proxy = Outgoing proxy
setting-no-proxy = Hosts reached without the proxy
setting-ca-file = Additional certificate authorities (PEM file)
setting-connect-timeout = Connect timeout, seconds
setting-monitor-enabled = Record requests
setting-capture-bodies = Keep bodies
setting-max-mb = Maximum size of the record, MB
setting-retention = Days that requests are kept
setting-notifications-enabled = Show notifications
setting-notify-bind-failure = The port could not be bound
setting-notify-config-problem = The config file has a problem
setting-notify-account-disabled = An account's key was refused
setting-notify-all-cooling = All accounts are cooling
setting-notify-upstream-unreachable = An upstream cannot be reached
setting-notify-lan-without-key = LAN access without a key
setting-notify-update-available = A newer version is available
setting-otlp-endpoint = OTLP endpoint
setting-updates-check = Check for updates once a day
setting-updates-url = URL of the release list
choice-language-auto = Same as the system
choice-language-en = English
choice-language-ja = 日本語
choice-language-zh = 简体中文
choice-auth-off = Off: no key is needed
choice-auth-strict = Strict: every request needs the key
choice-auth-all-except-health = All but health checks
choice-auth-auto = Automatic: no key on this computer, a key with LAN access
choice-strategy-round-robin = In turn
choice-strategy-sticky = Each conversation keeps its account
choice-strategy-fill-first = By priority, the next one while it cools
choice-strategy-least-busy = The least busy
choice-dispatch-off = None
choice-dispatch-exclusive = All Anthropic requests
choice-dispatch-pooled = Its share, like any account
choice-dispatch-fallback = Those that no other account can answer
choice-capture-none = None
choice-capture-errors = Failed requests only
choice-capture-all = All
secret-nowhere = not set
secret-here = set; type a new one to replace it
secret-elsewhere = kept in { $place }; type a key to replace it
key-title = Client key
key-why = The key that your clients send to portcullis. It is never sent to a provider.
key-rotate = New key
key-rotate-question = Make a new key?
key-rotate-explanation = Where a key is required, clients that send the old one are refused from then on.
key-rotated = The new key is in force.
models-title = Models
models-why = The model that a client asks for, and the model that answers. An exact name beats a pattern, a more specific pattern a broader one. provider/model or account/model also decides where the request goes.
models-asked = Model asked for
models-sent = Model that answers
models-sent-for = Model that answers for { $asked }
models-add = Add
models-remove = Remove
prices-title = Prices
prices-why = What a million tokens cost in US dollars, for the estimates under Requests and Usage. The list prices of common models as of { $date } are built in; a line here takes precedence. Leave cached input empty if it costs the same as other input.
prices-model = Model, * allowed
prices-input = Input, $
prices-cached-input = Cached input, $
prices-output = Output, $
prices-as-input = same as input

### Command line

cli-error = error: { $text }
cli-not-running = portcullis is not running: start it with `portcullis serve`.
cli-agent-silent = the agent does not answer: { $reason }
cli-not-applied = written, but the running agent did not apply it: { $reason }
cli-other-config = written, but the running agent reads another config file: { $path }
cli-still-finishing = the agent is still finishing requests
cli-second-agent = another agent is already using this home ({ $home }). `portcullis status` shows it.
cli-second-agent-pid = another agent is already using this home ({ $home }, pid { $pid }). `portcullis status` shows it.
cli-unreachable-agent = another agent is using this home, but its control address is not known yet
cli-tray-ended = the agent did not come up; its log says why: { $log }
cli-status-not-running = Not running
cli-status-base-url = Base URL: { $url }/v1 for OpenAI clients, { $url } for Anthropic and Gemini
cli-status-accounts = Accounts: { $accounts }
cli-status-account = { $name } ({ $state }): { $reason }
cli-status-problem = Problem: { $problem }
cli-status-warning = Warning: { $warning }
cli-status-config = Config: { $path }
cli-config-written = Wrote { $path }
cli-config-there = { $path } already exists and was left unchanged
cli-config-warning = warning: { $warning }
cli-config-ok = { $path }: no problems
cli-key-missing = there is no key yet: `portcullis key rotate` makes one
cli-key-elsewhere = proxy.api_key is kept outside the config file: change it there, then `portcullis reload`
cli-accounts-none = No accounts yet: `portcullis account add --provider gemini` adds one.
cli-account-added = Added { $name }. `portcullis account test { $name }` tries it.
cli-account-prompt = The API key for { $provider }:
cli-account-prompt-optional = The API key for { $provider } (empty for none):
cli-account-variable = the environment variable { $name } is not set
cli-account-needs-key = an account for { $provider } needs an API key: type it, pipe it in, or use --from-env
cli-account-needs-base-url = an account for { $provider } needs the address of its server: --base-url http://localhost:11434/v1, or wherever it is
cli-account-other-key = this looks like a key of { $owner }, not of { $provider }: use { $options }, or name the address it is meant for with --base-url
cli-account-took-quotes = The quotes around the key were left out.
cli-account-took-name = The variable's name in front of the key was left out.
cli-account-took-header = The header's name in front of the key was left out.
cli-account-nothing-typed = no key was given, so nothing was added
cli-account-took-scheme = `Bearer` in front of the key was left out.
cli-account-tested = { $name }: { $said }; asked for { $model }, { $ms } ms
cli-account-unknown = there is no account named "{ $name }"
cli-account-exists = there is already an account named "{ $name }"
cli-cleared = { $count } cleared

### Demo

demo-running = Running on { $url } with the built-in demo account. Any model name works.
demo-promise = No key is needed, nothing leaves this computer, and nothing is kept. Press Ctrl-C to stop.
demo-is-there = Check that it is running:
demo-watch = Watch the requests at { $url }. This command opens the page:
demo-first-answer = Get a first answer as a stream:
demo-own-keys = To use your own keys, run `portcullis account add`, then `portcullis serve`.
demo-no-directory = the demo's directory could not be created: { $reason }
demo-no-config = the demo's config file could not be written: { $reason }
demo-other-port = Port { $port } is in use; the demo takes another.

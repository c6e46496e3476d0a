# portcullis の日本語の文言。キーは en.ftl、zh-CN.ftl と同じです。

### State of the proxy

state-running = { $address } で実行中
state-stopped = 停止中
state-starting = 起動しています…
state-draining = { $count ->
    [0] 停止しています…
   *[other] 停止しています… 残り { $count } 件のリクエスト
}
state-failed = 失敗: { $reason }
state-failed-no-accounts = アカウントがありません
state-failed-port-in-use = ポート { $port } は使用中です
state-failed-port-in-use-by = ポート { $port } は { $owner } が使用中です
state-failed-port-denied = ポート { $port } を使う権限がありません
state-failed-address = { $address } をバインドできません
state-failed-unknown = 理由は不明です
accounts-none = アカウントなし
accounts-active = 使用可能なアカウント: { $count }
accounts-active-cooling = { accounts-active }（クールダウン中: { $cooling }）

### What went wrong, and what to do

failure-no-accounts = 使用可能なアカウントがありません。先にアカウントを追加してください
failure-no-accounts-fix = `portcullis account add` を実行するか、設定ファイルに [[accounts]] を追加してください。
failure-no-accounts-usable = 設定ファイルのアカウント（{ $count } 件）はどれも使用できません。理由は `portcullis account list`、有効にするには `portcullis account enable NAME` を実行してください。
failure-bind = サーバー起動失敗: アドレス { $address } バインド失敗: { $reason }
failure-in-use = 別のプログラムが使用中です
failure-in-use-by-portcullis = 別の portcullis が使用中です
failure-in-use-by-portcullis-pid = 別の portcullis (pid { $pid }) が使用中です
failure-in-use-by-portcullis-of = 別の portcullis (pid { $pid }、ホーム { $home }) が使用中です
failure-in-use-by = { $name } (pid { $pid }) が使用中です
failure-in-use-by-user = 別のユーザー（{ $user }）のプログラムが使用中です
failure-in-use-by-own = この portcullis 自身のダッシュボードが使用中です
owner-user = 別のユーザー（{ $user }）のプログラム
owner-unknown = 別のプログラム
failure-denied = 権限がありません
failure-not-available = このコンピューターのアドレスではありません
failure-fix-other-portcullis = すでに動いている portcullis を使うか、こちらの [proxy] の `port` を変えてください。
failure-fix-next-port = ポート { $port } が空いています。[proxy] に `port = { $port }` と書くか、使用中のプログラムを終了してください。
failure-fix-own = ポート { $port } が空いています。[proxy] に `port = { $port }` と書いてください。そのままの番号を使うには、portcullis を終了して起動し直してください。ダッシュボードが別のポートに移ります。
failure-fix-low-port = 1024 未満のポートには特別な権限が必要です。[proxy] の `port` を 1024 以上にしてください。
failure-fix-port = 設定ファイルの [proxy] の `port` を別の番号にしてください。
failure-with-fix = { $failure }。{ $fix }
failure-old-address = { $failure }これまでのアドレスで動作を続けています。
failure-more-problems = { $first }（ほか { $count } 件: `portcullis config check` で確認できます）

### What is wrong with a file, and what would be right

# 二つのあいだと、その前に付く場所: config.toml:12:8: proxy.port
problem-at = { $place }: { $said }
problem-with-fix = { $problem }。{ $fix }
problem-no-file = ファイルがありません
problem-unreadable = 読み取れません: { $reason }
problem-not-read = 読み取れませんでした
problem-too-big = 16 MiB を超えています
problem-not-utf8 = UTF-8 ではありません（{ $line } 行目）
problem-directory = ディレクトリーです
problem-no-regular-file = 通常のファイルではありません
problem-owner = 別のユーザー（ID { $id }）のファイルです
problem-owner-of-directory = { $path } は別のユーザー（ID { $id }）のディレクトリーで、そのユーザーがファイルを差し替えられます
problem-writable = { $path } をほかのユーザーが書き換えられます（モード { $mode }）
problem-writable-itself = ほかのユーザーが書き換えられます（モード { $mode }）
problem-empty = 空です
problem-not-toml = TOML として読めません: { $said }
problem-not-json = JSON として読めません: { $said }
problem-no-settings = このファイルには設定が書かれていません
problem-no-section = 設定のセクションではありません
problem-key-not-written = クライアントキーが必要ですが、書き込めませんでした: { $reason }
problem-missing = ありません
problem-unknown-key = 不明なキーです
problem-too-small = { $number } は小さすぎます
problem-too-large = { $number } は大きすぎます
problem-out-of-range = { $number } は範囲外です
problem-no-choice = "{ $written }" は選択肢にありません
problem-empty-table = 空のテーブルです
problem-is-table = テーブルになっています
problem-is-list = リストになっています
problem-is-text = テキストになっています
problem-is-number = 数値になっています
problem-is-fraction = 小数になっています
problem-is-boolean = true か false になっています
problem-is-date = 日付になっています
problem-key-prefix = sk- で始まっていません
problem-key-short = 10 文字未満です
problem-key-placeholder = ネットワーク上の誰でも推測できる仮の値です
problem-key-character = キーに使われない文字（空白、改行、ASCII 以外の文字）を含んでいます
problem-blanks-around = 前後に空白があります
problem-provider-key = ありません。{ $provider } はキーがないと応答しません
problem-variable-name = 環境変数の名前ではありません
problem-no-program = プログラム名がありません
problem-host = ホスト名だけになっていません
problem-no-proxy = ホスト名、ドメイン、ネットワークのいずれでもありません
problem-ca-file = 使えません: { $reason }
problem-proxy-password = ユーザー名またはパスワードに、エンコードが必要な文字が含まれています
problem-url-own = portcullis 自身のアドレスです。リクエストが際限なく戻ってきます
problem-origin = オリジンではありません
problem-name-taken = { $other } と同じ名前です
problem-name-slash = `/` を含んでいます。`/` は送り先の指定でアカウントとモデルを区切る文字です
problem-name-key = キーのようですが、名前は誰にでも見えます
problem-name-blank = 制御文字か、前後の空白を含んでいます
problem-name-provider = 別のプロバイダーの名前なので、送り先の指定がどちらを指すのか区別できません
problem-model-empty = モデル名が空です
problem-model-blank = モデル名が制御文字か、前後の空白を含んでいます
problem-model-pattern = 割り当て先がモデルではなくパターンになっています
problem-model-pin = 送り先だけがあり、モデル名がありません
problem-feed-missing = ありません。これがないと問い合わせるフィードが決まりません
problem-url-missing = ありません。openai-compatible には標準のアドレスがありません
problem-no-url = URL ではありません
problem-bad-url = URL ではありません（{ $reason }）
problem-url-scheme = ここでは使えないスキームで始まっています
problem-url-host = ホスト名がありません
problem-url-password = ユーザー名かパスワードを含んでいます
problem-url-query = クエリーかフラグメントを含んでいます
problem-url-unencrypted = キーが暗号化されないままインターネットに送られます
problem-url-forgeable = 暗号化されていないため、通信経路上で応答を偽造されるおそれがあります
problem-url-signal = 1 種類のシグナルのパスで終わっています
problem-url-endpoint-root = API のルートではなく、エンドポイントで終わっています
problem-url-endpoint-base = API のベースではなく、エンドポイントで終わっています
problem-url-version = バージョンで終わっています。バージョンは portcullis が付けます
fix-and-more = { $fix }（このほか、以降に { $count } 件の問題があります）
fix-write = { $what }を書いてください
fix-write-line = { $line } と書いてください
fix-url-scheme = { $schemes } の形で書いてください
fix-expected = 必要なもの: { $what }
fix-did-you-mean = { $likely } のことですか？
fix-belongs-under = [{ $section }] の中に書くキーです
fix-keys-here = ここで使えるキー: { $keys }
fix-again = もう一度試してください
fix-no-file = `portcullis config init` で作成できます
fix-permissions = アクセス権を確認してください
fix-permissions-around = ファイルとディレクトリーのアクセス権を確認してください
fix-too-big = 設定ファイルがこれほど大きくなることはありません
fix-not-utf8 = UTF-8 で保存してください
fix-no-regular-file = 代わりにファイルを置いてください
fix-owner = 自分のファイルを使うか、このファイルの所有者を自分にしてください
fix-owner-of-directory = 自分のディレクトリーに置くか、`sudo chown "$(id -u)" "{ $path }"` を実行してください
fix-writable = `chmod go-w "{ $path }"` を実行してください
fix-writable-key = `chmod go-w "{ $path }"` を実行してから、`portcullis reload` を実行してください
fix-empty-file = 削除してから `portcullis config init` を実行すると、新しく作成できます
fix-duplicate-key = どちらか 1 つだけ残してください
fix-line = この行を直すか、取り除いてください
fix-json-line = この行を直してから、もう一度試してください
fix-no-section = 直すか取り除いてから、もう一度試してください
fix-key-not-written = `portcullis key rotate` を実行してください
fix-rotate-key = `portcullis key rotate` で適切なキーを作成できます
fix-key-character = キー全体だけをコピーし直してください
fix-blanks-around = 引用符の内側の空白を取り除いてください
fix-list-empty = かっこの中に、引用符で囲んだテキストを 1 つ以上書いてください
fix-double-brackets = 1 つごとに二重のかっこで [[{ $key }]] と書いてください
fix-single-brackets = 一重のかっこで [{ $key }] と 1 回だけ書いてください
fix-zai-key = キーを書くか、`enabled = false` にしてください
fix-provider-key = キーを引用符で囲んで書くか、{"{"} env = "NAME" {"}"} のように置き場所を書いてください
form-fix-provider-key = キーを貼り付けるか、「キーを別の場所に置いている」を開いて置き場所を入力してください
fix-variable-name = "GEMINI_API_KEY" のように名前だけを書いてください
form-fix-variable-name = GEMINI_API_KEY のように、名前だけを入力してください
fix-secret-file = キーの入ったファイルのパスを書いてください
fix-secret-keyring = 項目の名前を書いてください
fix-secret-command = ["pass", "show", "gemini"] のように、プログラムと引数を書いてください
fix-host = スキーム、ポート、パス、`*` を付けず、名前かアドレスだけを書いてください
fix-no-proxy = ホスト（gpu-box.example）、サブドメインを含むドメイン（corp.example）、アドレス、ネットワーク（10.0.0.0/8）のいずれかを、スキームやポートを付けずに書いてください
fix-ca-file = PEM 形式の証明書（-----BEGIN CERTIFICATE-----）が入ったファイルを指定するか、空にしてください
fix-proxy-password = パスワードの中では @ を %40、: を %3A、/ を %2F、# を %23、? を %3F と書いてください
fix-url-own = プロバイダーまたはモデルサーバーのアドレスを書いてください
fix-origin = オリジンごとに、パスや `*` を付けずに scheme://host か scheme://host:port の形で書いてください
fix-name-empty = "gemini-work" のような名前を書いてください
fix-name-taken = アカウントごとに別の名前を付けてください
fix-name-slash = `/` を含まない名前を書いてください
fix-name-key = キーは `api_key` に書き、アカウントには別の名前を付けてください
fix-name-blank = 普通の文字だけで書いてください
fix-name-provider = "my-account" のような別の名前を書いてください
fix-model-empty = モデルの名前を書いてください
fix-model-blank = 名前だけを書いてください
fix-model-pattern = `*` を使わず、1 つのモデルの名前を書いてください
fix-model-pin = "{ $pin }/…" のように、`/` の後にモデルを書いてください
fix-feed-missing = リリースフィードのアドレスを書くか、`check = false` にしてください
fix-url-missing = base_url = "http://localhost:11434/v1" のように、サーバーのアドレスを書いてください
form-fix-url-missing = http://localhost:11434/v1 のように、サーバーのアドレスを入力してください
fix-url-key = キーは代わりに api_key に書いてください
fix-url-query = URL はパスまでにしてください
fix-url-https = https:// で書いてください（http:// を使えるのは、このコンピューターとプライベートネットワークだけです）
fix-url-alone = アドレスだけを書いてください
fix-url-signal = /v1 より前で終わるベース URL を書いてください
fix-collector = このコンピューター上のコレクターに中継させ、認証情報はそちらに置いてください
expected-either = { $one }、または { $another }
expected-one-of = { $choices } のどれか
expected-whole-number = { $least } から { $most } までの整数
expected-number = { $least } から { $most } までの数値
expected-boolean = 引用符なしの true か false
expected-list = ["…"] のような、かっこで囲んだリスト
expected-table = テーブル
expected-text = 引用符で囲んだテキスト
problem-key-of-another-server = { $host } とは別のサーバー用に入力されたキーです
problem-source-unnamed = 設定ファイルでこのサーバー用に指定されていないため、ページからは指定できません
problem-proxy-reads-key = 暗号化されずに { $host } へ送られる { $account } のキーを読み取れてしまいます
problem-authority-by-page = キーの送信先を左右するため、ページからは変更できません
fix-key-of-another-server = { $host } 用のキーも一緒に入力するか、設定ファイルでアドレスを直接変更してください
fix-source-variable = `portcullis account add --from-env { $name }` を実行するか、設定ファイルに直接書いてください
fix-by-hand = 設定ファイルに直接書いてください
fix-proxy-reads-key = そのキーを読まれてもよいプロキシであれば、設定ファイルに直接書いてください
edit-changed-meanwhile = 同時に別のプログラムがファイルを保存しました。もう一度試してください
edit-busy = 別のプログラムが { $seconds } 秒以上編集を続けています（{ $lock } をロック中）。終わってからもう一度試してください
edit-busy-by = 別のプログラム（pid { $pid }）が { $seconds } 秒以上編集を続けています（{ $lock } をロック中）。終わるのを待つか、そのプログラムを終了してから、もう一度試してください
edit-not-in-force = 書き込みましたが、適用されていません: { $reason }
edit-two-places = キーそのものか、その置き場所のどちらか 1 つだけを指定してください
edit-other-key = これは { $provider } ではなく { $owner } のキーのようです
pasted-masked = 一覧に表示される、一部を伏せたキーのようです。キー全体をコピーするか、発行元で新しいキーを作成してください
pasted-placeholder = これは説明文などにあるキーの代わりの文字列です。実際のキーを貼り付けてください
pasted-url = これはキーではなくアドレスです。開いたページからキーをコピーしてください
pasted-json = これはキーではなく JSON です。その中からキーだけをコピーしてください
edit-no-setting = { $key } という設定はありません
edit-hidden-part = { $key }: *** と表示されている部分は秘密の値です。もう一度入力してください
edit-no-value = { $key }: 設定の値は、テキスト、整数、true か false、テキストのリストのどれかです

### What the file says and the system does not have

warning-readable = { $path } をほかのユーザーが読めます（モード { $mode }）。`chmod 600` で自分だけが読めるようになります
warning-no-ipv6 = { $address } をバインドできませんでした（{ $reason }）。localhost を IPv6 で解決するクライアントは接続できません
warning-ipv6-taken = { $address } は { $owner } が使用しています。localhost を IPv6 で解決するクライアントは、キーとプロンプトをそちらへ送ってしまいます
warning-account = アカウント { $name }: { $reason }
warning-model-unserved = models."{ $asked }": { $target } を提供するアカウントがありません
warning-demo = アカウント { $name } はデモです。ほかのアカウントが扱わないモデルに、作り物の応答を返します。不要になったら削除してください
secret-not-had = { $place }: { $reason }
secret-kept = { $reason }。前回の値を引き続き使います
secret-in-variable = 環境変数 { $name }
secret-in-file = キーのファイル { $path }
secret-in-keyring = キーリングの項目 { $name }
secret-in-command = コマンド { $program }
secret-not-set = エージェントの環境に設定されていません
secret-not-text = テキストではありません
secret-too-long = キーとしては長すぎます（16 KiB 超）
secret-not-in-keyring = キーリングにありません（サービス { $service }）
secret-no-keyring = このシステムには利用できるキーリングがないため、読み取れません
secret-keyring-locked = キーリングがロックされているため、読み取れません
secret-keyring-unreadable = 読み取れませんでした
secret-lookup-failed = 取得に失敗しました
secret-no-answer = { $seconds } 秒以内に応答がありませんでした
secret-not-started = 起動できませんでした: { $reason }
secret-command-failed = 失敗しました（{ $status }）
secret-command-complained = 失敗しました（{ $status }）: { $complaint }

### Why an account rests or was refused

# こちらの説明と、あればプロバイダー自身の言葉
reason-quoted = { $reason }: { $words }
reason-of-models = { $models }: { $reason }
reason-status = { $status } という応答がありました
reason-wordless = 理由を示さないエラーがありました
reason-no-key = api_key がありません
reason-invalid-key = キーが無効です
reason-expired-key = キーの有効期限が切れています
reason-suspended-key = キーが停止されています
reason-leaked-key = キーの漏えいが報告されています
reason-key-lacks-permissions = キーの権限が足りません
reason-key-not-for-api = このキーではこの API を使えません
reason-key-for-pages = キーの利用が Web ページに制限されています
reason-key-for-addresses = キーの利用が別のアドレスに制限されています
reason-key-for-app = キーの利用が特定のアプリに制限されています
reason-key-header = キーにヘッダーで送信できない文字が含まれています
reason-access-denied = アクセスが拒否されました
reason-no-quota = 利用枠が残っていません
reason-no-credit = クレジットの残高がありません
reason-payment-required = 支払いが必要です
reason-billing-limit = 請求額の上限に達しています
reason-billing-inactive = 支払い設定が有効になっていません
reason-billing-disabled = 支払い設定が無効になっています
reason-plan-expired = プランの期限が切れています
reason-account-deactivated = アカウントが無効化されています
reason-account-inactive = アカウントが有効になっていません
reason-account-locked = アカウントがロックされています
reason-no-such-account = アカウントが存在しません
reason-organization-disabled = 組織が無効化されています
reason-invalid-project = プロジェクトが無効です
reason-api-not-enabled = このプロジェクトでは API が有効になっていません
reason-redirect = リダイレクトの応答がありました（リダイレクト先には接続しません）
reason-web-page = API ではなく Web ページの応答がありました
reason-unexpected-status = 想定外のステータスの応答がありました
reason-timed-out = { $seconds } 秒以内に応答がありませんでした
reason-endless = 応答が時間内に終わりませんでした
reason-broke-early = 応答の最初のバイトが届く前に接続が切れました: { $error }
reason-broke-off = 応答が途中で切れました: { $error }
reason-empty-answer = { $status } の応答に本文がありませんでした
reason-wrong-answer = 要求と異なる応答がありました
reason-serves-nothing = 扱うモデルがありません: { $why }。[[accounts]] に扱うモデルを書いてください（例: models = ["*"]）
list-empty = モデル一覧が空です
list-not-had = モデル一覧を取得できません（{ $reason }）
list-lacks-version = { $reason }。base_url に /v1 がありません。{ $url } を試してください
reason-at-host = { $host }: { $error }
reason-no-such-host = { $host }: このホスト名に対応するアドレスがありません: { $error }
reason-unknown-issuer = { $host }: 証明書が、このコンピューターの信頼していない認証局によって署名されています。認証局の証明書をシステムの証明書ストアに追加するか、その PEM ファイルを upstream.ca_file に指定してください
reason-authority-as-server = { $host }: 証明書が認証局自身のもので、サーバー証明書として使えません。`CA:FALSE` で作り直し、それ自身か署名した認証局を upstream.ca_file に指定してください
reason-proxy-down = プロキシ { $proxy }（upstream.proxy）に接続できません: { $error }。プロキシを起動するか、upstream.proxy を変更してください
reason-proxy-password = プロキシ { $proxy }（upstream.proxy）がユーザー名とパスワードを求めています。upstream.proxy に書いてください
reason-unknown-proxy-password = { $host } までの経路にあるプロキシがユーザー名とパスワードを求めています。両方を含むプロキシの URL を upstream.proxy に指定してください
reason-proxy-refused = プロキシ { $proxy }（upstream.proxy）が { $host } への接続を拒否しました（{ $error }）。プロキシ側で許可するか、upstream.no_proxy に追加してください
account-test-works = 使えます
account-test-list = モデル一覧
account-test-list-only = 応答したのはモデル一覧だけで、一覧は誰にでも公開されていることがあるため、アカウントはキー拒否のままです
account-test-serves = 使えます。扱うモデル { $count } 件: { $models }
account-test-serves-nothing = 扱うモデルがありません: { $why }
cure-models = { $name } が扱うモデルを [[accounts]] に書いてください。すべてなら models = ["*"] です。
cure-unproven = アカウント { $name } の `models` にモデルを 1 つ書いてからもう一度テストするか、テストせずに使うなら `portcullis account enable { $name }` を実行してください。
cure-key = アカウント { $name } に有効なキーを設定してください（設定ファイルの `api_key`）。
cure-key-source = エージェントからはシェルの環境が見えません。{ $name } のキーをファイルで指定するか（{ "{" } file = "/絶対パス" { "}" }）、プログラムを絶対パスで書くか、変数を ~/.config/environment.d または `systemctl --user import-environment` で設定し、エージェントを起動し直してください。
cure-credit = アカウント { $name } のクレジットをプロバイダーで追加してください。
cure-version = `base_url` に /v1 がありません。アカウント { $name } に base_url = "{ $url }" を設定してください。
cure-base-url = アカウント { $name } の `base_url` を確認してください。{ $url } にはモデル一覧がありません。
cure-model = アカウント { $name } の `models` を直してください。そのモデルはプロバイダーにありません。
cure-wait = しばらく待ってから `portcullis account test { $name }` でもう一度試してください。プロバイダー側の障害か、利用制限です。
cure-certificate = 認証局をシステムの証明書ストアに追加するか、そのファイルを [upstream] の ca_file に指定してください。
cure-proxy = { $proxy } のプログラムを起動するか、[upstream] の `proxy` を直してください（空ならプロキシなし）。
cure-address = アカウント { $name } の `base_url`（{ $url }）が正しいか、サーバーが動いているか、ネットワークを確認してください。
cure-authority-as-server = サーバー自身の証明書を CA:FALSE で作り、それ自身か署名した認証局を [upstream] の ca_file に指定してください。
cure-server-certificate = サーバーの証明書が有効期限内で、アカウント { $name } の `base_url` のホスト名用である必要があります（このコンピューターの時計も確認）。証明書を更新するか、`base_url` を直してください。
cure-proxy-password = プロキシのユーザー名とパスワードを [upstream] の `proxy` に書いてください: http://名前:パスワード@ホスト:ポート
cure-proxy-refused = プロキシ側でそのホストを許可するか、[upstream] の `no_proxy` に追加してください。
cure-proxy-down = [upstream] の `proxy` に書かれたプロキシを起動するか、`proxy` を直してください（空ならプロキシなし）。
cure-way = アカウント { $name } の `base_url`、サーバーが動いているか、ネットワークを確認してください。待つ必要はなく、次のリクエストで再試行されます。
cure-loop = アカウント { $name } の `base_url` を直してください。portcullis 自身に戻っています。
cure-key-file = アカウント { $name } のキーだけを書いたファイルを、自分だけが読めるように作るか、`api_key` のパスを直してください。
cure-key-keyring = アカウント { $name } のキーをキーリングに保存してロックを解除するか、`api_key` の名前を直してください。

### Why no account takes a request

no-lease-reason = { $account }: { $reason }
no-lease-trying-again = { $account }: { $reason }（再試行中）
no-lease-tried = { $account }: このリクエストではすでに試しました
no-lease-no-key = { $account }: API キーを取得できません。理由は `portcullis status` で確認できます
no-lease-no-provider = { $provider } のアカウントがありません
no-lease-no-account = { $name } という名前のアカウントはありません
no-lease-not-listed = アカウント { $account } の models に { $model } がありません
no-lease-not-listed-unnamed = 指定されたアカウントの models に { $model } がありません
no-lease-off = アカウント { $account } は設定で無効になっています
no-lease-off-unnamed = このモデルを扱うアカウントは設定で無効になっています
no-lease-serves-nothing = アカウント { $account } には{ $problem }
no-lease-serves-nothing-unnamed = あるアカウントには{ $problem }
no-lease-add = { $provider } のアカウントを追加してください
no-lease-list = このモデルを扱うアカウントの models に書いてください
no-lease-served = { $cause }。ここのアカウントが扱うモデル: { $models }。設定の [models] で名前をこのどれかに対応付けられます

### Notices

notice-config-problem = { $count ->
    [1] 設定ファイルに問題があります。直前の正しい設定で動作を続けています。{ $first }
   *[other] 設定ファイルに { $count } 件の問題があります。直前の正しい設定で動作を続けています。最初の問題: { $first }
}
notice-config-problem-first = { $count ->
    [1] 設定ファイルに問題があります。修正するまでプロキシは起動しません。{ $first }
   *[other] 設定ファイルに { $count } 件の問題があります。修正するまでプロキシは起動しません。最初の問題: { $first }
}
notice-account-disabled = アカウント { $name } の使用を停止しました: { $reason }
notice-all-cooling = すべてのアカウントがクールダウン中です。最初のアカウントは { $seconds } 秒後に使えます。
notice-upstream-unreachable = { $host } に接続できません: { $reason }
notice-ticket-used-twice = ダッシュボードのアドレスが 2 回使われました。ほかのプログラムに読み取られた可能性があるため、そのアドレスで開いたページを締め出しました。ダッシュボードを開き直してください。
notice-lan-without-key = このネットワークの誰でもあなたのアカウントを使えます。LAN アクセスが有効で、auth_mode が off です。
notice-moved = portcullis のアドレスが { $url } に変わりました。クライアントの接続先をこのアドレスにしてください。
notice-moved-followed = 自動で切り替えたツール: { $tools }。
notice-moved-left = 接続後に設定が変更されているため切り替えていないツール: { $tools }。
record-not-written = { $lost ->
    [0] リクエストを記録できません: { $reason }
   *[other] リクエストを記録できません（{ $lost } 件を失いました）: { $reason }
}

### Newer versions

notice-update-available = portcullis { $version } が公開されています（このバージョン: { $current }）。
updates-no-answer = 新しいバージョンを確認できませんでした: { $reason }

### ターミナルでの記録

logs-missed = 速すぎて表示できなかったリクエストが { $count } 件あります。-f なしの `portcullis logs` で確認できます。
logs-cancelled = クライアントが中断
logs-cut = 途中で切断
cli-usage-nothing = 該当する記録はありません。
cli-usage-period = 開始
cli-usage-model = モデル
cli-usage-account = アカウント
cli-usage-client = クライアント
cli-usage-requests = リクエスト
cli-usage-errors = エラー
cli-usage-input = 入力
cli-usage-cached = うちキャッシュ
cli-usage-output = 出力
cli-usage-cost = 推定コスト
cli-usage-first-token = 最初のトークン
cli-usage-duration = 所要時間
cli-usage-unpriced = 料金の分からないモデルの応答 { $count } 件は、コストに含まれていません。[prices] に料金を書くと計算されます。

### What was clicked and could not be done

refused-browser = ブラウザーを開けませんでした（{ $reason }）。
refused-editor = { $path } を開けませんでした（{ $reason }）。エディターで開いてください。
refused-clipboard = コピーできませんでした: { $reason }
refused-no-key = コピーする API キーがありません。`portcullis key rotate` で作成できます。

### Tray menu

tray-start = プロキシを起動
tray-stop = プロキシを停止
tray-restart = プロキシを再起動
tray-use-port = 代わりにポート { $port } を使う
tray-open-dashboard = ダッシュボードを開く
tray-copy-dashboard-address = ダッシュボードのアドレスをコピー
tray-copy-base-url = ベース URL をコピー
tray-copy-api-key = API キーをコピー
tray-accounts = アカウント
tray-account-cooling = { $name } — { $time } までクールダウン中
tray-account-disabled = { $name } — 無効: { $reason }
tray-account-unusable = { $name } — 使用できません: { $reason }
tray-clear-cooldowns = クールダウンを解除
tray-connect = 接続
tray-settings = 設定
tray-authentication = 認証
tray-auth-auto = 自動: LAN アクセス時のみ
tray-auth-off = オフ: キー不要
tray-auth-all-except-health = /healthz 以外のすべてのパス
tray-auth-strict = 厳格: すべてのパス
tray-lan = LAN アクセスを許可
tray-notifications = 通知
tray-edit-config = 設定ファイルを編集
tray-reload-config = 設定を再読み込み
tray-start-at-login = ログイン時に起動
tray-about = portcullis { $version } について
tray-quit = 終了

### Starting the tray agent

cli-opened = { $address } をブラウザーで開きました。開かずにアドレスを表示するには `--print` を付けてください。
cli-open-print = `portcullis open --print` でダッシュボードのアドレスを表示できます。
cli-handed-over = portcullis はすでに起動しています。ダッシュボードをブラウザーで開きます。
cli-handed-over-without-browser = portcullis はすでに起動しています。{ $reason }
cli-handed-over-without-icon = portcullis は `portcullis serve` として起動しているため、トレイアイコンはありません。`portcullis quit` で終了してから `portcullis` を実行すると、アイコン付きで起動します。
cli-no-session = グラフィカルセッションが見つからないため、トレイアイコンを表示できません。このターミナルでプロキシを動かすには `portcullis serve` を実行してください。

### Connecting tools

connect-done = { $tool } の接続先を { $url } にしました。変更したファイル:
connect-already = { $tool } の接続先はすでに { $url } です。
connect-undo = これらのファイルを元に戻すには `portcullis disconnect { $id }` を実行してください。
connect-not-running = portcullis が動いていないため、{ $tool } はまだ応答を得られません。`portcullis { $command }` かメニューから起動してください。
connect-gemini-trust = Gemini CLI がこの設定を読むのは、信頼済みフォルダーの中だけです。実行する場所により近い .env ファイルがあれば、そちらが優先されます。
connect-codex-conversations = Codex が一覧に出すのは、使用中のプロバイダーの会話だけです。接続している間、以前の会話は隠れます（`codex -c model_provider=openai resume` で一覧できます）。`portcullis disconnect codex` のあとは、ここで始めた会話が隠れ、もう一度接続するまで一覧から開けません。`codex exec resume --last` なら、どちらの会話でも最新のものを続けられます。
connect-state-here = 接続済み
connect-state-elsewhere = 接続先は { $url }
connect-state-unset = 未接続
connect-state-broken = 読み取れません: { $problem }
connect-any-port = ポートが未定（port = 0）です。先に portcullis を起動してください。
connect-no-key = ツールに渡すクライアントキーがありません。`portcullis key rotate` で作成してください。
disconnect-done = { $tool } は portcullis を通らなくなりました。接続時に変更した設定を元に戻しました。変更したファイル:
disconnect-partly = 下の値を除いて、{ $tool } に書き込んだ設定を元に戻しました。変更したファイル:
disconnect-nothing = { $tool } は接続されていません。
disconnect-left = { $file } の { $key } は接続後に変更されているため、そのまま残しました。
disconnect-still-here = { $tool } は接続する前からここを指していたため、接続先は変わりません。
disconnect-models = { $file } の [models] には次の行が残り、{ $tool } が求めるモデルに別のモデルで応答します: { $lines }。不要なら、このファイルから削除してください。
stranded-tools = 接続済みのツールはこれで応答を得られなくなります: { $tools }。設定を元に戻すには { $commands } を実行してください。
stranded-others = { $tools } はこれで応答を得られなくなります。接続先は connect ではなく、ツール自身の設定に書かれたものです。
disconnect-codex-conversations = portcullis を通した会話は Codex の一覧から隠れ、そこからは開けません。`portcullis connect codex` で再び表示されます。`codex exec resume --last` なら最新の会話を続けられます。以前の会話は再び一覧に出ます。
disconnect-undone = { $tool } の設定はすでに元どおりです。
tool-unserved = { $tool } が求める { $models } を扱うアカウントがありません。
tool-unserved-fix = 代わりに応答できるモデル: { $offers }。設定ファイルの [models] に { $lines } を追加するか、`portcullis connect { $id } --model { $model }` を実行してください。
tool-unserved-add = { $models } を扱うアカウントを追加してください: `portcullis account add`
tool-unserved-ask = どのモデルで応答しますか？ 番号か名前を入力してください（空なら変更しません）。
tool-unserved-choice = { $typed } を扱うアカウントがありません。
tool-model-choice = { $tool } ではモデルを自由に選べるため、置き換えるモデルはありません。
tool-model-unserved = { $model } を扱うアカウントがありません。使えるモデル: { $offers }
tool-model-set = [models] に追加しました: { $models } には { $model } が応答します。この行は `portcullis disconnect` の後も残ります。
disconnect-not-ours = { $tool } は portcullis が接続したものではありません。{ $file } から { $key } を手作業で取り除いてください。

### Start at login

autostart-on = portcullis はログイン時に起動します。
autostart-off = portcullis はログイン時に起動しません。
autostart-stale = ログイン時に別のプログラムが起動します: { $command }。`portcullis autostart on` でこのプログラムに置き換えられます。

### Doctor

doctor-well = 問題はありません。
doctor-warnings = 警告が { $count } 件あります。
doctor-problems = 問題が { $count } 件あります。
doctor-config-ok = 設定ファイルは正常です: { $path }
doctor-config-missing = 設定ファイルがまだありません: { $path }
doctor-config-missing-fix = `portcullis config init` で作成できます。
doctor-config-broken = 設定ファイルに { $count } 件の問題があります。最初の問題: { $first }
doctor-config-fix = `portcullis config check` で、すべての問題と直し方を確認できます。
doctor-config-warning-fix = { $path } を直してください。保存するとすぐに反映されます。
doctor-clock = このコンピューターの時計が狂っているため、プロバイダーの証明書がすべて無効になります。
doctor-clock-fix = 日付と時刻を合わせてください。
doctor-files-ok = portcullis のファイルを読めるのはあなただけです。
doctor-files-open = { $path } をほかのユーザーが読めます（モード { $mode }）。
doctor-files-exposed = { $path } をほかのユーザーが書き換えられます（モード { $mode }）。
doctor-files-open-fix = `chmod { $mode } "{ $path }"` を実行してください。
doctor-owner = { $path } は別のユーザー (id { $owner }) のもので、portcullis が使えません。sudo で一度実行した可能性があります。{ $more ->
    [0] {""}
   *[other] ほかにも { $more } 件あります。
}
doctor-owner-fix = `sudo chown -R { $user } { $directories }` を実行してください。
doctor-read-only = { $path } は書き込みできないファイルシステムにあります。
doctor-read-only-fix = 書き込み可能でマウントするか、`--home` で別のディレクトリーを使ってください。
doctor-unwritable = { $path } に書き込めません。
doctor-unwritable-fix = `chmod { $bits } "{ $path }"` を実行してください。
doctor-disk-full = { $path } のあるディスクがいっぱいで、portcullis が書き込めません。
doctor-quota-used = { $path } のあるディスクの割り当て容量を使い切っていて、portcullis が書き込めません。
doctor-disk-full-fix = 空き容量を増やすか（残りは `df -h "{ $path }"` と `df -i "{ $path }"` で確認できます）、`--home` で別のディレクトリーを使ってください。
doctor-agent-silent = portcullis は動いていますが、応答しません。
doctor-agent-silent-fix = `portcullis quit` を実行してから、起動し直してください。
doctor-agent-warning-fix = 解消したかどうかは `portcullis status` で、詳細はログで確認できます: { $path }
doctor-proxy-stopped = プロキシは停止しています。
doctor-proxy-stopped-fix = `portcullis start` で開始できます。
doctor-reload-fix = `portcullis reload` で設定ファイルを読み込み直すと、何が妨げているかがわかります。
doctor-not-running = portcullis は動いていません。ポート { $port } は空いています。
doctor-not-running-fix = `portcullis serve` で起動できます。
doctor-lan-fix = [proxy] に `auth_mode = "auto"` と書いてください。
doctor-ipv6-fix = そのプログラムを終了して `portcullis restart` を実行するか、クライアントの接続先を localhost ではなく 127.0.0.1 にしてください。
doctor-users-untold = このシステムでは、どのユーザーからの接続かを確認できません。キーを必須にしないかぎり、このコンピューターのすべてのユーザーがあなたのアカウントを使えます。
doctor-users-untold-fix = [proxy] に `auth_mode = "strict"` と書いてください。
doctor-account-disabled = アカウント { $name } は拒否されました: { $reason }
doctor-account-disabled-fix = キーを確認してください。`portcullis account enable { $name }` で再び使えるようになります。
doctor-account-silent-fix = 拒否された場合はキーを、応答がない場合は `base_url` とネットワークを確認してください。`portcullis account test { $name }` でもう一度試せます。
doctor-account-unusable = アカウント { $name } のキーが得られません: { $reason }
doctor-account-unseen-fix = シェルにはキーがありますが、エージェントにはありません。シェルの環境なしで起動されています。絶対パスか { "{" } file = "…" { "}" } を使うか、変数を ~/.config/environment.d または `systemctl --user import-environment` で設定し、エージェントを起動し直してください。
doctor-account-cooling = アカウント { $name } はクールダウン中です: { $reason }
doctor-account-cooling-fix = 待つか、`portcullis account clear-cooldown { $name }` を実行してください。
doctor-account-credit-fix = アカウント { $name } のクレジットをプロバイダーで追加してから、`portcullis account clear-cooldown { $name }` を実行してください。
doctor-account-answers = アカウント { $name } は応答します。
doctor-account-silent = アカウント { $name } が応答しません: { $reason }
doctor-no-keys = キーを得られたアカウントがありません（全 { $count } 件）。
doctor-no-keys-fix = アカウントにキーを設定してください。足りないものは以下のとおりです。
doctor-proxies-ok = クライアントと portcullis の間に入るプロキシは、環境変数に設定されていません。
doctor-proxies-trap = { $name } が設定されていますが、NO_PROXY に 127.0.0.1 がありません。Gemini CLI などのクライアントが接続できなくなります。
doctor-proxies-trap-fix = NO_PROXY の今の値に `127.0.0.1,localhost` を加えてください。
doctor-upstream-proxy-ok = プロキシ { $proxy } (upstream.proxy) は応答します。
doctor-upstream-proxy = プロキシ { $proxy } (upstream.proxy) が応答しません: { $reason }
doctor-proxies-unused = portcullis は環境変数 { $name } のプロキシを使わず、プロバイダーに直接接続します。
doctor-proxies-unused-fix = ネットワークに必要なら、[upstream] に proxy = "{ $value }" と書いてください。
doctor-variable = { $name } がクライアントを別の場所に向けています: { $value }
doctor-variable-fix = 設定を消すか、{ $value } にしてください。
doctor-tool-here = { $tool } は接続済みです。
doctor-tool-stranded = { $tool } の接続先は portcullis ですが、動いていません。
doctor-tool-stranded-fix = `portcullis serve` か `portcullis start` で開始するか、`portcullis disconnect { $id }` でツールを元に戻してください。
doctor-tool-elsewhere = { $tool } の接続先は { $url } です。
doctor-tool-unset = { $tool } は接続されていましたが、もうここを指していません。
doctor-tool-fix = `portcullis connect { $id }` でここに接続できます。
doctor-tool-broken = { $tool } の設定を読み取れません: { $problem }
doctor-tool-broken-fix = ファイルを直してください。ツール自身も読み取れない状態です。
doctor-login-stale = ログイン時に別のプログラムが起動します: { $command }
doctor-login-stale-fix = `portcullis autostart on` でこのプログラムに変わります。
doctor-bus-missing = セッションバスがないため、トレイアイコンも通知も使えません。
doctor-bus-missing-fix = デスクトップにログインするか、どちらも必要としない `portcullis serve` を使ってください。
doctor-tray-ok = デスクトップはトレイアイコンを表示できます。
doctor-tray-missing = このデスクトップにはトレイアイコンを表示するものがありません。
doctor-tray-missing-fix = パネルにトレイを追加してください。GNOME では拡張機能 AppIndicator Support を入れてください。
doctor-icon-none = 動作中のエージェントにトレイアイコンはありません。`portcullis serve` で起動されています。
doctor-icon-elsewhere = 動作中のエージェントのアイコンは別のセッションにあります。
doctor-icon-elsewhere-fix = ここで `portcullis` を実行してください。アイコン、通知、ブラウザーがこのセッションに移ります。
doctor-notifications-ok = 通知とそのボタンを使えます。
doctor-notifications-plain = 通知は使えますが、ボタンは表示されません。
doctor-notifications-plain-fix = 代わりにメニューを使ってください。ボタンでできることはすべてメニューにあります。
doctor-notifications-missing = 通知サービスが応答しません。
doctor-notifications-missing-fix = dunst や mako などを入れてください。同じ内容は `portcullis status` でも確認できます。

### Notifications

notify-title-bind = ポートを使用できません
notify-title-config = 設定ファイルに問題があります
notify-title-account = アカウントの使用を停止しました
notify-title-cooling = すべてのアカウントがクールダウン中です
notify-title-upstream = プロバイダーに接続できません
notify-title-lan = キーなしでネットワークに公開されています
notify-title-moved = portcullis のアドレスが変わりました
notify-title-update = 新しいバージョンがあります
notify-title-ticket = ほかのプログラムがダッシュボードを開いた可能性があります
notify-title-refused = 実行できませんでした
notify-action-move = ポート { $port } を使う
notify-action-edit = ファイルを開く
notify-action-copy-address = アドレスをコピー
notify-action-dashboard = ダッシュボードを開く

### The pages: frame

nav-home = ホーム
nav-requests = リクエスト
nav-usage = 使用量
nav-accounts = アカウント
nav-settings = 設定
nav-skip = 本文へ移動
page-start = プロキシを起動
page-stop = プロキシを停止
page-restart = 再起動
page-use-port = ポート { $port } を使う
page-save = 保存
page-saved = 保存し、適用しました。
page-cancel = キャンセル
page-copy = コピー
page-show = 表示
page-copied = コピーしました。
lost-title = ページが見つかりません
lost-page = このページは存在しません。
lost-record = このリクエストの記録はないか、すでに削除されています。

### Home and the first request

home-latest = 最近のリクエスト
home-all-requests = すべてのリクエスト
first-title = 3 ステップで最初のリクエスト
first-step-check = 動いているか確かめる
first-check-why = いちばん小さなリクエストです。モデルもアカウントも使わず、プロキシが動いていることだけを確かめます。
first-check-now = 今すぐ確認
first-check-failed = { $url } から応答がありません。プロキシを起動してください。
first-step-connect = クライアントの接続先を変える
first-connect-why = どれか 1 つを貼り付けてください。OpenAI のクライアントではベース URL の最後に /v1 が必要です。Anthropic と Gemini のクライアントには付けません。
first-or-connect = portcullis に設定を任せることもできます（disconnect で元に戻せます）:
first-show-key = キーを表示
first-key-hint = コピーしたテキストには本物のキーが入ります。
first-step-ask = 質問を送る
first-waiting = リクエストを待っています…
first-answered = { $client } が { $model } から応答を受け取りました。接続は完了です。
first-refused = { $client } のリクエストに { $status } を返しました。
first-some-client = クライアント
first-details = 詳細
first-advice-401 = キーがないか、間違っています。上に表示されているキーを Authorization: Bearer KEY、x-api-key: KEY、x-goog-api-key: KEY のどれかのヘッダーで送ってください。
first-advice-404 = 存在しないパスです。ベース URL が間違っている可能性があります。OpenAI のクライアントでは { $base_url }/v1、Anthropic と Gemini のクライアントでは { $base_url } です。
first-advice-model = モデル { $model } を扱えるアカウントがありません。アカウントを追加するか、アカウントの models に書くか、[models] で別のモデルに割り当ててください。

### Requests

requests-time = 時刻
requests-model = モデル
requests-account = アカウント
requests-client = クライアント
requests-tokens = トークン 入 → 出
requests-first-byte = 最初のトークン
requests-duration = 所要時間
requests-outcome = 結果
requests-off = リクエストは記録されていません。「設定」で記録を有効にできます。
requests-none = リクエストはまだありません。届くとここに表示されます。
requests-none-match = 条件に合うリクエストはありません。
requests-newest = 最新へ
requests-older = さらに前へ
requests-dropped = ディスクの書き込みが間に合わず、{ $count } 件のリクエストが記録されませんでした。
requests-export-csv = CSV で書き出す
requests-export-jsonl = JSON Lines で書き出す
requests-clear = すべて削除
requests-clear-question = すべてのリクエストの記録を削除しますか？
requests-clear-explanation = 使用量の集計も削除されます。元に戻すことはできません。
requests-cleared = 記録を削除しました。
filter-text = 文字列
filter-model = モデル（* 使用可）
filter-account = アカウント
filter-protocol = プロトコル
filter-client = クライアント
filter-errors = エラーのみ
filter-all = すべて
filter-apply = 絞り込む
filter-clear = 条件を解除
outcome-failed = 失敗 { $status }
outcome-cancelled = キャンセル
outcome-cut = 途中で切断
detail-timeline = 試行
detail-no-attempts = どのアカウントも使われませんでした。
detail-answer = 応答
detail-dropped = 省かれた項目
detail-dropped-why = アカウント側のプロトコルで表せないため、リクエストの次の項目は送られませんでした。
detail-facts = 詳細
detail-time = 時刻
detail-id = リクエスト ID
detail-client = クライアント
detail-peer = アドレス
detail-protocol = プロトコル
detail-path = パス
detail-understood = 解釈したパス
detail-hint = ヒント
detail-asked = 要求されたモデル
detail-used = 使われたモデル
detail-provider = プロバイダー
detail-account = アカウント
detail-status = ステータス
detail-error-kind = エラーの種類
detail-streamed = ストリーミング
detail-yes = はい
detail-input = 入力トークン
detail-cached = うちキャッシュ
detail-cache-write = うちキャッシュ書き込み
detail-output = 出力トークン
detail-reasoning = うち推論
detail-cost = 推定コスト
detail-bytes-in = リクエストのサイズ
detail-bytes-out = 応答のサイズ
detail-first-byte = 最初のトークンまで
detail-duration = 所要時間
detail-request-body = リクエスト本文
detail-response-body = 応答本文
detail-body-cut = { $length } のうち、先頭の部分だけが保存されています。

### Usage

usage-per-hour = 時間
usage-per-day = 日
usage-per-week = 週
usage-by-model = モデル別
usage-by-account = アカウント別
usage-by-client = クライアント別
usage-tokens = トークン
usage-requests = リクエスト
usage-errors = エラー
usage-first-byte = 最初のトークンまで
usage-cost = 推定コスト
usage-input = 入力
usage-cached = キャッシュ
usage-output = 出力
usage-reasoning = 推論
usage-total = 合計
usage-others = その他
usage-unknown = 不明
usage-nothing = この期間の利用はありません。
usage-as-table = グラフの数値を表で見る
usage-period = 期間
usage-cost-is-estimate = コストは価格表による推定で、請求額ではありません。
usage-cost-partial = 料金の分からない応答があるため、実際のコストはこれより高くなります。

### Accounts

accounts-order = 「設定」でアカウントの選び方を「優先度順」にすると、この順に使われます。それ以外では分担します。入力したキーは以後表示されません。
accounts-empty = アカウントはまだありません。自分の API キーで追加してください。
accounts-add = アカウントを追加
accounts-added = アカウントを追加しました。「テスト」でキーが使えるか確認できます。
accounts-clear-all = すべてのクールダウンを解除
accounts-clear = クールダウンを解除
accounts-cleared = クールダウンを解除しました。
accounts-test = テスト
accounts-enable = 有効にする
accounts-disable = 無効にする
accounts-up = 上へ
accounts-down = 下へ
accounts-edit = 編集
accounts-remove = 削除
accounts-removed = { $name } を削除しました。
accounts-remove-question = { $name } を削除しますか？
accounts-remove-explanation = 設定ファイルからキーごと削除されます。処理中のリクエストは最後まで続きます。
accounts-test-works = { $name } は使えます。{ $asked } の問い合わせに { $duration } で応答がありました。
accounts-test-fails = { $name } は使えません。
account-ready = 使用可能
account-off = 無効
account-disabled = キーが拒否されました
account-unusable = キーを取得できません
account-cooling = { $until } までクールダウン
account-name = 名前
account-provider = プロバイダー
account-key = API キー
account-key-elsewhere = キーを別の場所に置いている
account-key-env = 環境変数
account-key-file = ファイル
account-key-keyring = キーリングの項目
account-base-url = ベース URL（プロバイダー標準でない場合）
account-models = 扱うモデル（1 行に 1 つ、* 使用可）
account-priority = 優先度（小さい順）
account-weight = 重み

### Settings

settings-file = 保存先:
settings-at-once = すぐに適用されます。ファイルのコメントと順序はそのまま残ります。
settings-one-a-line = 1 行に 1 つ
settings-general = 全般
settings-proxy = プロキシ
settings-pool = アカウントプール
settings-upstream = アップストリーム
settings-monitor = リクエストの記録
settings-notifications = 通知
settings-zai = Claude の代わりに z.ai
settings-telemetry = テレメトリー
settings-updates = アップデート
setting-language = 言語
setting-port = ポート
setting-lan = LAN アクセス
setting-auth-mode = 認証
setting-api-key = クライアントキー
setting-start-with-agent = portcullis と同時にプロキシを起動
setting-request-timeout = リクエストの制限時間（秒）
setting-max-body = リクエストの最大サイズ（MB）
setting-drain-timeout = 停止時の猶予（秒）
setting-allowed-hosts = 追加のホスト名
setting-allowed-origins = 利用を許可する Web ページ
setting-strategy = アカウントの選び方
setting-max-attempts = 1 リクエストで試すアカウント数
setting-max-cooldown = クールダウンの上限（秒）
setting-zai-enabled = z.ai を使う
setting-zai-dispatch-mode = 担当するリクエスト
setting-zai-base-url = ベース URL
setting-zai-api-key = z.ai のキー
setting-zai-opus = opus の代わりのモデル
setting-zai-sonnet = sonnet の代わりのモデル
setting-zai-haiku = haiku の代わりのモデル
setting-upstream-proxy = 外向きのプロキシ
setting-no-proxy = プロキシを使わない宛先
setting-ca-file = 追加の認証局（PEM ファイル）
setting-connect-timeout = 接続の制限時間（秒）
setting-monitor-enabled = リクエストを記録する
setting-capture-bodies = 本文の保存
setting-max-mb = 記録の最大サイズ（MB）
setting-retention = 保存日数
setting-notifications-enabled = 通知を表示する
setting-notify-bind-failure = ポートをバインドできない
setting-notify-config-problem = 設定ファイルに問題がある
setting-notify-account-disabled = アカウントのキーが拒否された
setting-notify-all-cooling = すべてのアカウントがクールダウン中
setting-notify-upstream-unreachable = アップストリームに接続できない
setting-notify-lan-without-key = キーなしの LAN アクセス
setting-notify-update-available = 新しいバージョンがある
setting-otlp-endpoint = OTLP エンドポイント
setting-updates-check = 1 日に 1 回アップデートを確認
setting-updates-url = リリース一覧の URL
choice-language-auto = システムに合わせる
choice-language-en = English
choice-language-ja = 日本語
choice-language-zh = 简体中文
choice-auth-off = オフ: キー不要
choice-auth-strict = 厳格: すべてのリクエストでキーが必要
choice-auth-all-except-health = ヘルスチェック以外で必要
choice-auth-auto = 自動: このコンピューターでは不要、LAN アクセス時は必要
choice-strategy-round-robin = 順番に
choice-strategy-sticky = 会話ごとに同じアカウント
choice-strategy-fill-first = 優先度順、クールダウン中は次のアカウント
choice-strategy-least-busy = 空いているアカウント
choice-dispatch-off = なし
choice-dispatch-exclusive = すべての Anthropic リクエスト
choice-dispatch-pooled = ほかのアカウントと分担
choice-dispatch-fallback = ほかのアカウントで対応できないもの
choice-capture-none = 保存しない
choice-capture-errors = 失敗したリクエストのみ
choice-capture-all = すべて
secret-nowhere = 未設定
secret-here = 設定済み（入力すると置き換え）
secret-elsewhere = { $place } に保管（入力すると置き換え）
key-title = クライアントキー
key-why = クライアントが portcullis に送るキーです。プロバイダーには送られません。
key-rotate = 新しいキー
key-rotate-question = 新しいキーを作りますか？
key-rotate-explanation = 認証が必要な場合、古いキーを送るクライアントは拒否されるようになります。
key-rotated = 新しいキーを適用しました。
models-title = モデルの割り当て
models-why = クライアントが要求するモデルと、実際に応答するモデルです。完全一致はパターンより、具体的なパターンは広いパターンより優先されます。provider/model または account/model と書くと送り先も決まります。
models-asked = 要求されるモデル
models-sent = 応答するモデル
models-sent-for = { $asked } に応答するモデル
models-add = 追加
models-remove = 削除
prices-title = 料金
prices-why = 100 万トークンあたりの料金（米ドル）です。「リクエスト」と「使用量」に表示するコストの推定に使います。一般的なモデルには { $date } 時点の定価が組み込まれており、ここに書いた行が優先されます。キャッシュ入力が通常の入力と同額なら空のままにします。
prices-model = モデル（* 使用可）
prices-input = 入力（$）
prices-cached-input = キャッシュ入力（$）
prices-output = 出力（$）
prices-as-input = 入力と同額

### Command line

cli-error = エラー: { $text }
cli-not-running = portcullis は動いていません。`portcullis serve` で起動してください。
cli-agent-silent = エージェントが応答しません: { $reason }
cli-not-applied = 書き込みましたが、動作中のエージェントが適用できませんでした: { $reason }
cli-other-config = 書き込みましたが、動作中のエージェントは別の設定ファイルを読んでいます: { $path }
cli-still-finishing = エージェントはまだリクエストを処理しています
cli-second-agent = このホーム ({ $home }) はすでに別のエージェントが使用中です。`portcullis status` で確認できます。
cli-second-agent-pid = このホーム ({ $home }) はすでに別のエージェント (pid { $pid }) が使用中です。`portcullis status` で確認できます。
cli-unreachable-agent = このホームは別のエージェントが使用中で、その連絡先がわかりません
cli-tray-ended = エージェントが起動しませんでした。理由はログにあります: { $log }
cli-status-not-running = 起動していません
cli-status-base-url = ベース URL: OpenAI のクライアントは { $url }/v1、Anthropic と Gemini は { $url }
cli-status-accounts = { $accounts }
cli-status-account = { $name }（{ $state }）: { $reason }
cli-status-problem = 問題: { $problem }
cli-status-warning = 警告: { $warning }
cli-status-config = 設定ファイル: { $path }
cli-config-written = { $path } を作成しました
cli-config-there = { $path } はすでにあります。変更していません
cli-config-warning = 警告: { $warning }
cli-config-ok = { $path }: 問題はありません
cli-key-missing = キーがまだありません。`portcullis key rotate` で作成できます
cli-key-elsewhere = proxy.api_key は設定ファイルの外にあります。そちらを変更してから `portcullis reload` を実行してください
cli-accounts-none = アカウントがまだありません。`portcullis account add --provider gemini` で追加できます。
cli-account-added = { $name } を追加しました。`portcullis account test { $name }` で試せます。
cli-account-prompt = { $provider } の API キー:
cli-account-prompt-optional = { $provider } の API キー（なければ空のまま）:
cli-account-variable = 環境変数 { $name } が設定されていません
cli-account-needs-key = { $provider } のアカウントには API キーが必要です。入力するか、パイプで渡すか、--from-env を使ってください
cli-account-needs-base-url = { $provider } のアカウントにはサーバーのアドレスが必要です。--base-url http://localhost:11434/v1 のように指定してください
cli-account-other-key = これは { $provider } ではなく { $owner } のキーのようです: { $options } を使うか、送り先のアドレスを --base-url で指定してください
cli-account-took-quotes = キーを囲む引用符を取り除きました。
cli-account-took-name = キーの前の変数名を取り除きました。
cli-account-took-header = キーの前のヘッダー名を取り除きました。
cli-account-nothing-typed = キーが入力されなかったため、何も追加しませんでした
cli-account-took-scheme = キーの前の `Bearer` を取り除きました。
cli-account-tested = { $name }: { $said }（問い合わせ: { $model }、{ $ms } ms）
cli-account-unknown = アカウント { $name } はありません
cli-account-exists = アカウント { $name } はすでにあります
cli-cleared = { $count } 件を解除しました

### Demo

demo-running = 内蔵のデモアカウントにより { $url } で実行中です。どのモデル名でも使えます。
demo-promise = キーは不要です。データがこのコンピューターの外に送られることはなく、何も残りません。Ctrl-C で終了します。
demo-is-there = 動作を確認する:
demo-watch = リクエストは { $url } で確認できます。ページを開くコマンド:
demo-first-answer = 最初の応答をストリーミングで受け取る:
demo-own-keys = 自分のキーを使うには、`portcullis account add` を実行してから `portcullis serve` を実行してください。
demo-no-directory = デモ用のディレクトリーを作成できません: { $reason }
demo-no-config = デモの設定ファイルを書き込めません: { $reason }
demo-other-port = ポート { $port } は使用中のため、デモは別のポートを使います。

### Help, whose English stands in the program

help-heading-usage = 使い方
help-heading-commands = コマンド
help-heading-arguments = 引数
help-heading-options = オプション
help-default = 既定値
help-choices = 選択肢
help-portcullis = 言語モデル API のローカルリバースプロキシ。OpenAI、Anthropic、Gemini のどのクライアントも http://127.0.0.1:8045 に接続できます。コマンドなしで実行すると、トレイのエージェントになります
help--config = 設定ファイル [既定値: プラットフォームの設定ディレクトリーの config.toml]
help--home = 設定、データ、状態、実行時ファイルをまとめて置くディレクトリー
help--json = 結果を JSON で出力する
help--verbose = ログを詳しくする（2 回指定するとすべて）
help--quiet = 問題だけをログに出す
help--help = ヘルプを表示する
help--version = バージョンを表示する
help-help = このヘルプ、または指定したコマンドのヘルプを表示する
help-serve = トレイなしで、エージェントをフォアグラウンドで動かす
help-serve--port = 設定のポートの代わりに使うポート（0 は空いている任意のポート）
help-demo = 試してみる: キーもネットワークも使わずに自分で応答する使い捨てのプロキシ
help-demo--port = 使うポート（0 は空いている任意のポート） [既定値: 8045、使用中なら任意のポート]
help-demo--tray = トレイアイコンも表示する
help-status = 動いているか、どこで動いているか、何が問題かを表示する
help-start = 動作中のエージェントでプロキシを起動する
help-stop = プロキシを停止する: ポートはすぐに空き、処理中のリクエストは最後まで続く
help-restart = プロキシを再起動する
help-reload = 設定ファイルを読み込み直す
help-quit = 動作中のエージェントを終了する
help-open = ダッシュボードをブラウザーで開く
help-open--print = 開く代わりに、1 分以内に 1 回だけ使えるアドレスを表示する
help-logs = リクエストの記録を表示する（-f を付けるとこれからの分も）
help-logs--follow = リクエストが終わるたびに続けて表示する
help-logs--count = 表示する最近の件数
help-usage = 期間ごとのリクエスト、トークン、推定コストを表示する
help-usage--by = 1 行にまとめる単位
help-usage--by--model = 使われたモデル。なければ要求されたモデル
help-usage--by--client = バージョンを除いた名前ごと
help-usage--per = 期間の単位（指定しなければ全期間の合計）
help-usage--per--week = 月曜日から
help--errors = 失敗したリクエストだけ
help--model = このモデルだけ（要求または使用。`*` は任意の文字列）
help--account = このアカウントだけ
help--protocol = このプロトコルのクライアントだけ
help--client = このクライアントだけ（バージョンを除いた名前）
help--text = ID、パス、モデル、アカウント、クライアント、エラーにこの文字列を含むリクエストだけ
help--since = この時点以降だけ: `2h`、`7d`、`2026-08-01`、`2026-08-01T12:00`、またはタイムゾーン付き
help-account = リクエストの送信に使うアカウント
help-account-list = アカウントとその状態を一覧表示する
help-account-add = アカウントを追加する（キーは入力、標準入力、--from-env から読み取る）
help-account-add--name = アカウントの名前 [既定値: プロバイダーの名前]
help-account-add--named = 同じものをオプションとして
help-account-add--provider = どのプロバイダーの API か
help-account-add--from_env = キーをこの環境変数から取る
help-account-add--base_url = API の場所（プロバイダー標準のアドレスでない場合）
help-account-add--models = 扱うモデル（* を使用可、複数回指定可）
help-account-remove = 設定ファイルからアカウントを削除する
help-account-remove--name = 対象のアカウント
help-account-enable = アカウントを（再び）使う（キーを拒否されたものも）
help-account-enable--name = 対象のアカウント
help-account-disable = アカウントを残したまま、使わないようにする
help-account-disable--name = 対象のアカウント
help-account-test = アカウントで最小限の呼び出しを 1 回行い、結果を表示する
help-account-test--name = 対象のアカウント
help-account-clear-cooldown = クールダウン中のアカウントをすぐに使えるようにする（名前がなければすべて）
help-account-clear-cooldown--name = 対象のアカウント
help-config = 設定ファイル
help-config-path = 設定ファイルの場所を表示する
help-config-init = 新しいキーの入った最初の設定ファイルを作成する（上書きはしない）
help-config-check = ファイルのすべての問題を、行と直し方とともに表示する
help-config-show = ファイルを秘密の値を除いて表示する
help-config-schema = エディターの補完に使うファイルの JSON Schema を表示する
help-key = クライアントが送るキー
help-key-show = キーを表示する
help-key-rotate = キーを新しいものに替えて表示する
help-connect = ツールの接続先を portcullis にする（名前がなければ、ツールとその接続先を一覧表示する）
help-connect--model = ツールが求めるモデルに、代わりにこのモデルで応答する
help-connect--print = 変更せずに、変更の内容を表示する
help-disconnect = ツールの設定を元に戻す
help-autostart = ログイン時のトレイエージェントの起動
help-autostart-on = 今後はログイン時に起動する
help-autostart-off = ログイン時に起動しない
help-autostart-status = どちらになっているかを表示する
help-completions = シェルの入力補完用スクリプトを出力する
help-completions--shell = 対象のシェル
help-doctor = このコンピューターの問題を調べ、対処方法を示す
help-doctor--online = アカウントごとに最小限の呼び出しも 1 回ずつ行う

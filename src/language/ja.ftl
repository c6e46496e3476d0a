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
accounts-none = アカウントなし
accounts-active = 有効なアカウント: { $count }
accounts-active-cooling = { accounts-active }（クールダウン中: { $cooling }）

### What went wrong, and what to do

failure-no-accounts = 使用可能なアカウントがありません。先にアカウントを追加してください
failure-no-accounts-fix = `portcullis account add` を実行するか、設定ファイルに [[accounts]] を追加してください。
failure-bind = サーバー起動失敗: アドレス { $address } バインド失敗: { $reason }
failure-in-use = 別のプログラムが使用中です
failure-in-use-by-portcullis = 別の portcullis が使用中です
failure-in-use-by = { $name } (pid { $pid }) が使用中です
failure-denied = 権限がありません
failure-not-available = このコンピューターのアドレスではありません
failure-fix-other-portcullis = すでに動いている portcullis を使うか、こちらの [proxy] の `port` を変えてください。
failure-fix-next-port = ポート { $port } が空いています。[proxy] に `port = { $port }` と書くか、使用中のプログラムを終了してください。
failure-fix-low-port = 1024 未満のポートには特別な権限が必要です。[proxy] の `port` を 1024 以上にしてください。
failure-fix-port = 設定ファイルの [proxy] の `port` を別の番号にしてください。
failure-old-address = これまでのアドレスで動作を続けています。
failure-more-problems = { $first }（ほか { $count } 件: `portcullis config check` で確認できます）

### Notices

notice-config-problem = { $count ->
    [1] 設定ファイルに問題があります。直前の正しい設定で動作を続けています。{ $first }
   *[other] 設定ファイルに { $count } 件の問題があります。直前の正しい設定で動作を続けています。最初の問題: { $first }
}
notice-account-disabled = アカウント { $name } をプールから外しました: { $reason }
notice-all-cooling = すべてのアカウントがクールダウン中です。最初のアカウントは { $seconds } 秒後に使えます。
notice-upstream-unreachable = { $host } に接続できません: { $reason }
notice-lan-without-key = このネットワークの誰でもあなたのアカウントを使えます。LAN アクセスが有効で、auth_mode が off です。

### Newer versions

notice-update-available = portcullis { $version } が公開されています（このバージョン: { $current }）。
updates-no-answer = リリースフィードから新しいバージョンを確認できません: { $reason }
### ターミナルでの記録

logs-missed = 速すぎて表示できなかったリクエストが { $count } 件あります。-f なしの `portcullis logs` で確認できます
logs-cancelled = クライアントが中断
logs-cut = 途中で切断
usage-nothing = 該当する記録はありません。
usage-period = 開始
usage-model = モデル
usage-account = アカウント
usage-client = クライアント
usage-requests = リクエスト
usage-errors = エラー
usage-input = 入力
usage-cached = うちキャッシュ
usage-output = 出力
usage-cost = 料金（推定）
usage-first-token = 初回トークン
usage-duration = 所要時間
usage-unpriced = 料金の分からないモデルの応答 { $count } 件は料金に含まれていません。[prices] に単価を書くと計算されます。
### What was clicked and could not be done

refused-browser = ブラウザーを開けませんでした（{ $reason }）。`portcullis open --print` でダッシュボードのアドレスを表示できます。
refused-editor = { $path } を開けませんでした（{ $reason }）。エディターで開いてください。
refused-clipboard = コピーできませんでした: { $reason }
refused-no-key = コピーする API キーがありません。`portcullis key rotate` で作成できます。

### Tray menu

tray-start = プロキシを開始
tray-stop = プロキシを停止
tray-restart = プロキシを再起動
tray-use-port = 代わりにポート { $port } を使う
tray-open-dashboard = ダッシュボードを開く
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

cli-handed-over = portcullis はすでに動いています。ダッシュボードをブラウザーで開きます。
cli-handed-over-without-browser = portcullis はすでに動いています。{ $reason }
cli-no-session = グラフィカルセッションが見つからないため、トレイアイコンを表示できません。このターミナルでプロキシを動かすには `portcullis serve` を実行してください。
record-not-written = { $lost ->
    [0] リクエストを記録できません: { $reason }
   *[other] リクエストを記録できません（{ $lost } 件を失いました）: { $reason }
}
notice-moved = portcullis のアドレスが { $url } に変わりました。クライアントの接続先をこのアドレスにしてください。
notice-moved-followed = 自動で切り替えたツール: { $tools }。
notice-moved-left = 接続後に設定が変更されているため切り替えていないツール: { $tools }。

### Connecting tools

connect-done = { $tool } の接続先を { $url } にしました。変更したファイル:
connect-already = { $tool } の接続先はすでに { $url } です。
connect-undo = 元に戻すには `portcullis disconnect { $id }` を実行してください。
connect-gemini-trust = Gemini CLI がこの設定を読むのは、信頼済みフォルダーの中だけです。実行する場所により近い .env ファイルがあれば、そちらが優先されます。
connect-state-here = 接続済み
connect-state-elsewhere = 接続先は { $url }
connect-state-unset = 未接続
connect-state-broken = 読み取れません: { $problem }
connect-any-port = ポートが未定 (port = 0) です。先に portcullis を起動してください。
connect-no-key = ツールに渡すクライアントキーがありません。`portcullis key rotate` で作成してください。
disconnect-done = { $tool } を元の設定に戻しました。変更したファイル:
disconnect-nothing = { $tool } は接続されていません。
disconnect-left = { $file } の { $key } は接続後に変更されているため、そのまま残しました。
disconnect-still-here = { $tool } は接続する前からここを指していたため、接続先は変わりません。
disconnect-not-ours = { $tool } は portcullis が接続したものではありません。{ $file } から { $key } を手作業で取り除いてください。

### Start at login

autostart-on = portcullis はログイン時に起動します。
autostart-off = portcullis はログイン時に起動しません。
autostart-stale = ログイン時に別のプログラムが起動します: { $command }。`portcullis autostart on` でこのプログラムに変わります。

### Doctor

doctor-well = 問題はありません。
doctor-warnings = 問題はありません（警告 { $count } 件）。
doctor-problems = 問題が { $count } 件あります。
doctor-config-ok = 設定ファイルは正常です: { $path }
doctor-config-missing = 設定ファイルがまだありません: { $path }
doctor-config-missing-fix = `portcullis config init` で作成できます。
doctor-config-broken = 設定ファイルに { $count } 件の問題があります。最初の問題: { $first }
doctor-config-fix = `portcullis config check` で、すべての問題と直し方を確認できます。
doctor-clock = このコンピューターの時計が狂っているため、プロバイダーの証明書がすべて無効になります。
doctor-clock-fix = 日付と時刻を合わせてください。
doctor-files-ok = portcullis のファイルを読めるのはあなただけです。
doctor-files-open = { $path } をほかのユーザーが読めます（モード { $mode }）。
doctor-files-open-fix = `chmod { $mode } "{ $path }"` を実行してください。
doctor-agent-silent = portcullis は動いていますが、応答しません。
doctor-agent-silent-fix = `portcullis quit` を実行してから、起動し直してください。
doctor-proxy-stopped = プロキシは停止しています。
doctor-proxy-stopped-fix = `portcullis start` で開始できます。
doctor-not-running = portcullis は動いていません。ポート { $port } は空いています。
doctor-not-running-fix = `portcullis serve` で起動できます。
doctor-lan-fix = [proxy] に `auth_mode = "auto"` と書いてください。
doctor-account-disabled = アカウント { $name } は拒否されました: { $reason }
doctor-account-disabled-fix = キーを確認してください。`portcullis account enable { $name }` で再び使えるようになります。
doctor-account-unusable = アカウント { $name } のキーが得られません: { $reason }
doctor-account-unusable-fix = 設定ファイルが示す場所にキーを置いてください。
doctor-account-cooling = アカウント { $name } はクールダウン中です: { $reason }
doctor-account-cooling-fix = 待つか、`portcullis account clear-cooldown { $name }` を実行してください。
doctor-account-answers = アカウント { $name } は応答します。
doctor-account-silent = アカウント { $name } が応答しません: { $reason }
doctor-proxies-ok = クライアントと portcullis の間に入るプロキシは、環境変数に設定されていません。
doctor-proxies-trap = { $name } が設定されていますが、NO_PROXY に 127.0.0.1 がありません。Gemini CLI などのクライアントが接続できなくなります。
doctor-proxies-trap-fix = NO_PROXY の今の値に `127.0.0.1,localhost` を加えてください。
doctor-variable = { $name } がクライアントを別の場所に向けています: { $value }
doctor-variable-fix = 設定を消すか、{ $value } にしてください。
doctor-tool-here = { $tool } は接続済みです。
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
doctor-notifications-ok = 通知とそのボタンを使えます。
doctor-notifications-plain = 通知は使えますが、ボタンは表示されません。
doctor-notifications-plain-fix = 代わりにメニューを使ってください。ボタンでできることはすべてメニューにあります。
doctor-notifications-missing = 通知サービスが応答しません。
doctor-notifications-missing-fix = dunst や mako などを入れてください。同じ内容は `portcullis status` でも確認できます。

### Notifications

notify-title-bind = ポートを使用できません
notify-title-config = 設定ファイルに問題があります
notify-title-account = アカウントを外しました
notify-title-cooling = すべてのアカウントがクールダウン中です
notify-title-upstream = プロバイダーに接続できません
notify-title-lan = キーなしでネットワークに公開されています
notify-title-moved = portcullis のアドレスが変わりました
notify-title-update = 新しいバージョンがあります
notify-title-refused = 実行できませんでした
notify-action-move = ポート { $port } を使う
notify-action-edit = ファイルを開く
notify-action-dashboard = ダッシュボードを開く

# portcullis 的简体中文文本。键与 en.ftl、ja.ftl 相同。

### State of the proxy

state-running = 正在 { $address } 上运行
state-stopped = 已停止
state-starting = 正在启动…
state-draining = { $count ->
    [0] 正在停止…
   *[other] 正在停止… 还有 { $count } 个请求未完成
}
state-failed = 失败：{ $reason }
state-failed-no-accounts = 没有账号
state-failed-port-in-use = 端口 { $port } 已被占用
state-failed-port-in-use-by = 端口 { $port } 已被 { $owner } 占用
state-failed-port-denied = 没有使用端口 { $port } 的权限
state-failed-address = 无法绑定 { $address }
state-failed-unknown = 原因未知
accounts-none = 没有账号
accounts-active = { $count } 个可用账号
accounts-active-cooling = { accounts-active }，其中 { $cooling } 个冷却中

### What went wrong, and what to do

failure-no-accounts = 没有可用的账号。请先添加账号。
failure-no-accounts-fix = 请运行 `portcullis account add`，或在配置文件中添加 [[accounts]]。
failure-no-accounts-usable = 配置文件中的 { $count } 个账号都不可用：`portcullis account list` 会说明原因，`portcullis account enable NAME` 可启用账号。
failure-bind = 无法绑定 { $address }：{ $reason }。
failure-in-use = 已被其他程序占用
failure-in-use-by-portcullis = 已被另一个 portcullis 占用
failure-in-use-by-portcullis-pid = 已被另一个 portcullis (pid { $pid }) 占用
failure-in-use-by-portcullis-of = 已被另一个 portcullis (pid { $pid }，目录 { $home }) 占用
failure-in-use-by = 已被 { $name } (pid { $pid }) 占用
failure-in-use-by-user = 已被其他用户（{ $user }）的程序占用
failure-in-use-by-own = 正被此 portcullis 自身的仪表板使用
owner-user = 其他用户（{ $user }）的程序
owner-unknown = 另一个程序
failure-denied = 权限不足
failure-not-available = 不是本机的地址
failure-fix-other-portcullis = 请使用已在运行的 portcullis，或在 [proxy] 中为此实例设置另一个 `port`。
failure-fix-next-port = 端口 { $port } 空闲：请在 [proxy] 中设置 `port = { $port }`，或停止占用端口的程序。
failure-fix-own = 端口 { $port } 空闲：请在 [proxy] 中设置 `port = { $port }`。若要保留原来的端口，请退出并重新启动 portcullis，仪表板会改用其他端口。
failure-fix-low-port = 1024 以下的端口需要特殊权限：请将 [proxy] 中的 `port` 设为 1024 或更大。
failure-fix-port = 请在配置文件的 [proxy] 中设置另一个 `port`。
failure-with-fix = { $failure }{ $fix }
failure-old-address = { $failure }原地址继续提供服务。
failure-more-problems = { $first }（另有 { $count } 个问题：请运行 `portcullis config check`）

### What is wrong with a file, and what would be right

# 两者之间，以及前面的位置：config.toml:12:8: proxy.port
problem-at = { $place }: { $said }
problem-with-fix = { $problem }；{ $fix }
problem-no-file = 没有这个文件
problem-unreadable = 无法读取：{ $reason }
problem-not-read = 未能读取
problem-too-big = 超过 16 MiB
problem-not-utf8 = 不是 UTF-8（第 { $line } 行）
problem-directory = 是一个目录
problem-no-regular-file = 不是普通文件
problem-owner = 属于其他用户（ID { $id }）
problem-owner-of-directory = { $path } 属于其他用户（ID { $id }），该用户可以把文件换成别的
problem-writable = 其他用户可以改写 { $path }（权限 { $mode }）
problem-writable-itself = 其他用户可以改写（权限 { $mode }）
problem-empty = 为空
problem-not-toml = 不是有效的 TOML：{ $said }
problem-not-json = 不是有效的 JSON：{ $said }
problem-no-settings = 这个文件中没有设置
problem-no-section = 不是设置的小节
problem-key-not-written = 需要客户端密钥，但未能写入：{ $reason }
problem-missing = 缺失
problem-unknown-key = 未知的键
problem-too-small = { $number } 太小
problem-too-large = { $number } 太大
problem-out-of-range = { $number } 超出范围
problem-no-choice = "{ $written }" 不是可选的值
problem-empty-table = 是空表
problem-is-table = 写成了表
problem-is-list = 写成了列表
problem-is-text = 写成了文本
problem-is-number = 写成了数字
problem-is-fraction = 写成了小数
problem-is-boolean = 写成了 true 或 false
problem-is-date = 写成了日期
problem-key-prefix = 没有以 sk- 开头
problem-key-short = 少于 10 个字符
problem-key-placeholder = 是网络中任何人都能猜到的占位内容
problem-key-character = 含有密钥中不会出现的字符（空格、换行或非 ASCII 字符）
problem-blanks-around = 首尾有空白
problem-provider-key = 缺失，没有它 { $provider } 不会响应任何请求
problem-variable-name = 不是环境变量的名称
problem-no-program = 没有写出程序
problem-host = 不是单独的主机名
problem-no-proxy = 不是主机、域名或网络
problem-ca-file = 无法使用：{ $reason }
problem-proxy-password = 用户名或密码中含有必须编码的字符
problem-url-own = 是 portcullis 自己的地址：请求会无休止地返回
problem-origin = 不是有效的来源（origin）
problem-name-taken = 与 { $other } 重名
problem-name-slash = 含有 `/`，而 `/` 在指定去向时用于分隔账号和模型
problem-name-key = 看起来是密钥，而名称所有人都能看到
problem-name-blank = 含有控制字符，或首尾有空白
problem-name-provider = 是另一个服务商的名称，指定去向时会有歧义
problem-model-empty = 模型名称为空
problem-model-blank = 模型名称含有控制字符，或首尾有空白
problem-model-pattern = 指向的是通配模式，而不是模型
problem-model-pin = 指定了去向，但没有写模型
problem-feed-missing = 缺失，没有它就不知道该查询哪个发布源
problem-url-missing = 缺失，openai-compatible 没有默认地址
problem-no-url = 不是 URL
problem-bad-url = 不是 URL（{ $reason }）
problem-url-scheme = 开头的协议在此处不可用
problem-url-host = 没有主机名
problem-url-password = 含有用户名或密码
problem-url-query = 含有查询参数或片段
problem-url-unencrypted = 会把密钥以明文发送到互联网上
problem-url-forgeable = 未加密，响应可能在途中被伪造
problem-url-signal = 以某一种信号的路径结尾
problem-url-endpoint-root = 以具体端点结尾，而不是 API 的根路径
problem-url-endpoint-base = 以具体端点结尾，而不是 API 的基础路径
problem-url-version = 以版本号结尾，而版本号由 portcullis 添加
fix-and-more = { $fix }（后面还有 { $count } 个问题）
fix-write = 请改为：{ $what }
fix-write-line = 请写成 { $line }
fix-url-scheme = 请写成 { $schemes } 的形式
fix-expected = 此处应为 { $what }
fix-did-you-mean = 是否想写 { $likely }？
fix-belongs-under = 它应写在 [{ $section }] 下
fix-keys-here = 此处可用的键：{ $keys }
fix-again = 请重试
fix-no-file = `portcullis config init` 会写入一份
fix-permissions = 请检查它的权限
fix-permissions-around = 请检查该文件及其所在目录的权限
fix-too-big = 配置文件不会有这么大
fix-not-utf8 = 请保存为 UTF-8
fix-no-regular-file = 请换成一个文件
fix-owner = 请使用自己的文件，或把这个文件的所有者改为自己
fix-owner-of-directory = 请放到自己的目录中，或运行 `sudo chown "$(id -u)" "{ $path }"`
fix-writable = 请运行 `chmod go-w "{ $path }"`
fix-writable-key = 请先运行 `chmod go-w "{ $path }"`，再运行 `portcullis reload`
fix-empty-file = 请删除它，再运行 `portcullis config init` 生成一份新的
fix-duplicate-key = 两个中请只保留一个
fix-line = 请修正这一行，或将其删除
fix-json-line = 请修正这一行，然后重试
fix-no-section = 请修正或删除它，然后重试
fix-key-not-written = 请运行 `portcullis key rotate`
fix-rotate-key = `portcullis key rotate` 会写入一个合格的密钥
fix-key-character = 请重新复制密钥，完整且不带其他内容
fix-blanks-around = 请去掉引号内首尾的空白
fix-list-empty = 请在方括号内至少写一个带引号的文本
fix-double-brackets = 请用双方括号 [[{ $key }]]，每项写一次
fix-single-brackets = 请用单方括号 [{ $key }]，只写一次
fix-zai-key = 请写上密钥，或设置 `enabled = false`
fix-provider-key = 请写上带引号的密钥，或密钥所在的位置，例如 {"{"} env = "NAME" {"}"}
form-fix-provider-key = 请粘贴密钥，或打开“密钥保存在别处”并填写密钥所在的位置
fix-variable-name = 请只写名称，例如 "GEMINI_API_KEY"
form-fix-variable-name = 请只填写名称，例如 GEMINI_API_KEY
fix-secret-file = 请写上存有密钥的文件的路径
fix-secret-keyring = 请写上条目的名称
fix-secret-command = 请写上程序及其参数，例如 ["pass", "show", "gemini"]
fix-host = 请只写名称或地址，不带协议、端口、路径或 `*`
fix-no-proxy = 请写主机（gpu-box.example）、含其所有子域的域名（corp.example）、地址或网络（10.0.0.0/8），不带协议和端口
fix-ca-file = 请指定一个 PEM 格式的证书文件（-----BEGIN CERTIFICATE-----），或留空
fix-proxy-password = 在密码中，请将 @ 写作 %40，: 写作 %3A，/ 写作 %2F，# 写作 %23，? 写作 %3F
fix-url-own = 请写提供商或模型服务器的地址
fix-origin = 请把每个来源写成 scheme://host 或 scheme://host:port，不带路径或 `*`
fix-name-empty = 请写一个名称，例如 "gemini-work"
fix-name-taken = 请给每个账号各起一个名称
fix-name-slash = 请写不含 `/` 的名称
fix-name-key = 请把密钥写在 `api_key` 下，并为账号另取名称
fix-name-blank = 请只用普通文字
fix-name-provider = 请换一个名称，例如 "my-account"
fix-model-empty = 请写上模型的名称
fix-model-blank = 请只写名称
fix-model-pattern = 请写一个模型的名称，不带 `*`
fix-model-pin = 请写成 "{ $pin }/…"，在 `/` 后面写上模型
fix-feed-missing = 请写上发布源的地址，或设置 `check = false`
fix-url-missing = 请写上服务器的地址，例如 base_url = "http://localhost:11434/v1"
form-fix-url-missing = 请填写服务器地址，例如 http://localhost:11434/v1
fix-url-key = 请改把密钥写入 api_key
fix-url-query = URL 请到路径为止
fix-url-https = 请写 https://（http:// 只用于本机和专用网络）
fix-url-alone = 请只写地址
fix-url-signal = 请写到 /v1 之前的 Base URL
fix-collector = 请让本机上的收集器转发数据，并把密钥放在那里
expected-either = { $one }，或 { $another }
expected-one-of = { $choices } 之一
expected-whole-number = { $least } 到 { $most } 之间的整数
expected-number = { $least } 到 { $most } 之间的数字
expected-boolean = true 或 false（不带引号）
expected-list = 方括号列表，例如 ["…"]
expected-table = 一个表
expected-text = 带引号的文本
problem-key-of-another-server = 是为 { $host } 以外的服务器输入的
problem-source-unnamed = 配置文件没有为此服务器指定它，页面不能添加
problem-proxy-reads-key = 会读到 { $account } 的密钥，因为发往 { $host } 的请求未加密
problem-authority-by-page = 决定密钥会发给谁，页面不能更改
fix-key-of-another-server = 请同时输入用于 { $host } 的密钥，或直接在配置文件中修改地址
fix-source-variable = 请运行 `portcullis account add --from-env { $name }`，或直接写入配置文件
fix-by-hand = 请直接写入配置文件
fix-proxy-reads-key = 如果允许该代理读到这个密钥，请直接在配置文件中写入代理
edit-changed-meanwhile = 另一个程序同时保存了该文件，请重试
edit-busy = 另一个程序已持续编辑超过 { $seconds } 秒（占用 { $lock }）；请等它完成后重试
edit-busy-by = 另一个程序（pid { $pid }）已持续编辑超过 { $seconds } 秒（占用 { $lock }）；请等它完成或结束它，然后重试
edit-not-in-force = 已写入，但未生效：{ $reason }
edit-two-places = 请只提供密钥本身或密钥所在的一个位置，不要两者都写
edit-other-key = 这看起来是 { $owner } 的密钥，而不是 { $provider } 的
pasted-masked = 这是列表中显示的、隐去一部分的密钥：请复制完整的密钥，或在密钥的来源处新建一个
pasted-placeholder = 这只是说明文字里的占位符：请粘贴真正的密钥
pasted-url = 这是网址，不是密钥：请打开它，从页面上复制密钥
pasted-json = 这是 JSON，不是密钥：请只复制其中的密钥
edit-no-setting = 没有 { $key } 这项设置
edit-hidden-part = { $key }：显示为 *** 的部分是机密，请重新输入
edit-no-value = { $key }：设置的值应为文本、整数、true 或 false，或文本列表

### What the file says and the system does not have

warning-readable = 其他用户可以读取 { $path }（权限 { $mode }）；`chmod 600` 可设为仅自己可读
warning-no-ipv6 = 无法绑定 { $address }（{ $reason }）：把 localhost 解析为 IPv6 的客户端将无法连接
warning-ipv6-taken = { $address } 已被占用（{ $owner }）：把 localhost 解析为 IPv6 的客户端会把密钥和提示词发给它
warning-account = 账号 { $name }：{ $reason }
warning-model-unserved = models."{ $asked }"：没有账号提供 { $target }
warning-demo = 账号 { $name } 是演示账号：对其他账号都不提供的模型，它会编造回答；用完后请删除
secret-not-had = { $place }：{ $reason }
secret-kept = { $reason }；继续使用上次的值
secret-in-variable = 环境变量 { $name }
secret-in-file = 密钥文件 { $path }
secret-in-keyring = 密钥环条目 { $name }
secret-in-command = 命令 { $program }
secret-not-set = 未在代理程序的环境中设置
secret-not-text = 不是文本
secret-too-long = 比任何密钥都长（超过 16 KiB）
secret-not-in-keyring = 不在密钥环中（服务 { $service }）
secret-no-keyring = 无法读取：本系统没有可用的密钥环
secret-keyring-locked = 无法读取：密钥环已锁定
secret-keyring-unreadable = 无法读取
secret-lookup-failed = 查找失败
secret-no-answer = { $seconds } 秒内没有响应
secret-not-started = 无法启动：{ $reason }
secret-command-failed = 失败（{ $status }）
secret-command-complained = 失败（{ $status }）：{ $complaint }

### Why an account rests or was refused

# 我们的说明，之后是服务商自己的原话（如果有）
reason-quoted = { $reason }：{ $words }
reason-of-models = { $models }：{ $reason }
reason-status = 响应状态为 { $status }
reason-wordless = 出错，但未说明原因
reason-no-key = 没有 api_key
reason-invalid-key = 密钥无效
reason-expired-key = 密钥已过期
reason-suspended-key = 密钥已被暂停
reason-leaked-key = 密钥已被报告泄露
reason-key-lacks-permissions = 密钥权限不足
reason-key-not-for-api = 此密钥不能用于这个 API
reason-key-for-pages = 密钥仅限网页使用
reason-key-for-addresses = 密钥仅限其他地址使用
reason-key-for-app = 密钥仅限某个应用使用
reason-key-header = 密钥含有请求头不能携带的字符
reason-access-denied = 拒绝访问
reason-no-quota = 配额已用完
reason-no-credit = 余额不足
reason-payment-required = 需要付费
reason-billing-limit = 已达到账单上限
reason-billing-inactive = 结算尚未启用
reason-billing-disabled = 结算已停用
reason-plan-expired = 套餐已过期
reason-account-deactivated = 账户已被停用
reason-account-inactive = 账户未激活
reason-account-locked = 账户已被锁定
reason-no-such-account = 账户不存在
reason-organization-disabled = 组织已被停用
reason-invalid-project = 项目无效
reason-api-not-enabled = 此项目未启用该 API
reason-redirect = 响应是重定向；重定向一律不跟随
reason-web-page = 响应的是网页，而不是 API
reason-unexpected-status = 响应的状态码出乎意料
reason-timed-out = { $seconds } 秒内没有响应
reason-endless = 响应未能按时结束
reason-broke-early = 收到响应的第一个字节之前连接已中断：{ $error }
reason-broke-off = 响应中途断开：{ $error }
reason-empty-answer = 响应状态为 { $status }，但响应正文为空
reason-wrong-answer = 响应与请求不符
reason-serves-nothing = 不提供任何模型：{ $why }。请在其 [[accounts]] 中写明它提供什么，例如 models = ["*"]
list-empty = 它的模型列表为空
list-not-had = 无法取得它的模型列表（{ $reason }）
list-lacks-version = { $reason }；它的 base_url 缺少 /v1，请试试 { $url }
reason-at-host = { $host }：{ $error }
reason-no-such-host = { $host }：该主机名没有对应的地址：{ $error }
reason-unknown-issuer = { $host }：其证书由本机不信任的证书颁发机构签发：请将该机构的证书加入系统证书库，或在 upstream.ca_file 中指定其 PEM 文件
reason-authority-as-server = { $host }：其证书是证书颁发机构自身的证书，不能用作服务器证书：请用 `CA:FALSE` 重新生成，并在 upstream.ca_file 中指定它或签发它的机构
reason-proxy-down = 无法连接代理 { $proxy }（upstream.proxy）：{ $error }：请启动该代理，或修改 upstream.proxy
reason-proxy-password = 代理 { $proxy }（upstream.proxy）要求用户名和密码：请写入 upstream.proxy
reason-unknown-proxy-password = 通往 { $host } 的路径上有代理要求用户名和密码：请在 upstream.proxy 中写入包含两者的代理 URL
reason-proxy-refused = 代理 { $proxy }（upstream.proxy）拒绝连接 { $host }（{ $error }）：请在代理中放行，或将其加入 upstream.no_proxy
account-test-works = 可用
account-test-list = 模型列表
account-test-list-only = 只有模型列表有响应，而列表可能对任何人开放：账号的密钥仍按被拒绝处理
account-test-serves = 可用，提供 { $count } 个模型：{ $models }
account-test-serves-nothing = 不提供任何模型：{ $why }
cure-models = 请在 { $name } 的 [[accounts]] 中写明它提供什么；models = ["*"] 表示全部。
cure-unproven = 请在账号 { $name } 的 `models` 中写一个模型后重新测试，或不经测试直接启用：`portcullis account enable { $name }`。
cure-key = 请为账号 { $name } 设置可用的密钥：配置文件中的 `api_key`。
cure-key-source = 代理程序看不到你 shell 的环境：请为 { $name } 使用文件（{ "{" } file = "/绝对路径" { "}" }）、程序的绝对路径，或在 ~/.config/environment.d 中或用 `systemctl --user import-environment` 设置该变量，然后重新启动代理程序。
cure-credit = 请在服务商处为账号 { $name } 充值。
cure-version = 它的 `base_url` 缺少 /v1：请为账号 { $name } 设置 base_url = "{ $url }"。
cure-base-url = 请检查账号 { $name } 的 `base_url`：{ $url } 处没有模型列表。
cure-model = 请改正账号 { $name } 的 `models`：服务商不认识该模型。
cure-wait = 请稍候再试：`portcullis account test { $name }`。服务商出现故障，或对你限流。
cure-certificate = 请让系统信任该证书颁发机构：加入系统证书库，或在 [upstream] 下用 ca_file 指定其文件。
cure-proxy = 请启动 { $proxy } 处的程序，或改正 [upstream] 下的 `proxy`；留空表示不用代理。
cure-address = 请检查账号 { $name } 的 `base_url`（{ $url }）、其服务器是否在运行，以及网络。
cure-authority-as-server = 请用 CA:FALSE 为服务器单独生成证书，并在 [upstream] 下用 ca_file 指定它或签发它的机构。
cure-server-certificate = 服务器证书必须在有效期内（本机时钟也要正确），并且与账号 { $name } 的 `base_url` 中的主机名相符：请更新证书，或改正 `base_url`。
cure-proxy-password = 请把代理的用户名和密码写入 [upstream] 下的 `proxy`：http://用户名:密码@主机:端口。
cure-proxy-refused = 请在代理中放行该主机，或将其加入 [upstream] 下的 `no_proxy`。
cure-proxy-down = 请启动 [upstream] 下 `proxy` 所写的代理，或改正它；留空表示不用代理。
cure-way = 请检查账号 { $name } 的 `base_url`、其服务器是否在运行，以及网络。无需等待：下一个请求会立即重试。
cure-loop = 请改正账号 { $name } 的 `base_url`：它又指回了 portcullis。
cure-key-file = 请创建该文件（仅你可读），其中只写账号 { $name } 的密钥，或改正 `api_key` 中的路径。
cure-key-keyring = 请把账号 { $name } 的密钥存入钥匙串并解锁，或改正 `api_key` 中的名称。

### Why no account takes a request

no-lease-reason = { $account }：{ $reason }
no-lease-trying-again = { $account }：{ $reason }（正在重试）
no-lease-tried = { $account }：此请求已尝试过
no-lease-no-key = { $account }：无法取得它的 API 密钥；原因见 `portcullis status`
no-lease-no-provider = 没有 { $provider } 的账号
no-lease-no-account = 没有名为 { $name } 的账号
no-lease-not-listed = 账号 { $account } 的 models 中没有 { $model }
no-lease-not-listed-unnamed = 指定账号的 models 中没有 { $model }
no-lease-off = 账号 { $account } 已在配置中停用
no-lease-off-unnamed = 提供该模型的账号已在配置中停用
no-lease-serves-nothing = 账号 { $account } { $problem }
no-lease-serves-nothing-unnamed = 有一个账号{ $problem }
no-lease-add = 请添加 { $provider } 的账号
no-lease-list = 请在提供该模型的账号的 models 中写明它
no-lease-served = { $cause }；这里的账号提供 { $models }；可用配置中的 [models] 把该名称映射到其中之一

### Notices

notice-config-problem = { $count ->
    [1] 配置文件有一个问题；上一份有效配置继续生效。{ $first }
   *[other] 配置文件有 { $count } 个问题；上一份有效配置继续生效。第一个：{ $first }
}
notice-config-problem-first = { $count ->
    [1] 配置文件有一个问题；修正之前代理不会启动。{ $first }
   *[other] 配置文件有 { $count } 个问题；修正之前代理不会启动。第一个：{ $first }
}
notice-account-disabled = 账号 { $name } 已停止使用：{ $reason }
notice-all-cooling = 所有账号都在冷却中；最早的一个将在 { $seconds } 秒后可用。
notice-upstream-unreachable = 无法连接 { $host }：{ $reason }
notice-ticket-used-twice = 仪表盘的一个地址被第二次使用，可能已被其他程序读取。由该地址打开的页面已被锁定：请重新打开仪表盘。
notice-lan-without-key = 此网络中的任何人都能使用您的账号：已允许局域网访问，且 auth_mode 为 off。
notice-moved = portcullis 的地址已变为 { $url }，请让客户端指向该地址。
notice-moved-followed = 已自动切换：{ $tools }。
notice-moved-left = 以下工具的设置在连接之后被改动过，未切换：{ $tools }。
record-not-written = { $lost ->
    [0] 无法记录请求：{ $reason }
   *[other] 无法记录请求（已丢失 { $lost } 条）：{ $reason }
}

### Newer versions

notice-update-available = portcullis { $version } 已发布（当前版本：{ $current }）。
updates-no-answer = 检查新版本失败：{ $reason }

### 终端中的记录

logs-missed = 有 { $count } 个请求来得太快，未能显示；可用不带 -f 的 `portcullis logs` 查看。
logs-cancelled = 已被客户端取消
logs-cut = 中断
cli-usage-nothing = 没有符合条件的记录。
cli-usage-period = 起始
cli-usage-model = 模型
cli-usage-account = 账号
cli-usage-client = 客户端
cli-usage-requests = 请求
cli-usage-errors = 错误
cli-usage-input = 输入
cli-usage-cached = 其中缓存
cli-usage-output = 输出
cli-usage-cost = 估算费用
cli-usage-first-token = 首个 token
cli-usage-duration = 耗时
cli-usage-unpriced = 有 { $count } 个回答所用的模型没有已知价格，未计入费用：请在 [prices] 中填写价格。

### What was clicked and could not be done

refused-browser = 无法打开浏览器（{ $reason }）。
refused-editor = 无法打开 { $path }（{ $reason }）。请用编辑器打开它。
refused-clipboard = 未能复制：{ $reason }。
refused-no-key = 没有可复制的 API 密钥。请运行 `portcullis key rotate` 生成一个。

### Tray menu

tray-start = 启动代理
tray-stop = 停止代理
tray-restart = 重启代理
tray-use-port = 改用端口 { $port }
tray-open-dashboard = 打开仪表盘
tray-copy-dashboard-address = 复制仪表盘地址
tray-copy-base-url = 复制 Base URL
tray-copy-api-key = 复制 API 密钥
tray-accounts = 账号
tray-account-cooling = { $name } — 冷却至 { $time }
tray-account-disabled = { $name } — 已停用：{ $reason }
tray-account-unusable = { $name } — 无法使用：{ $reason }
tray-clear-cooldowns = 清除冷却
tray-connect = 连接
tray-settings = 设置
tray-authentication = 身份验证
tray-auth-auto = 自动：仅在允许局域网访问时
tray-auth-off = 关闭：不需要密钥
tray-auth-all-except-health = 除 /healthz 外的所有路径
tray-auth-strict = 严格：所有路径
tray-lan = 允许局域网访问
tray-notifications = 通知
tray-edit-config = 编辑配置文件
tray-reload-config = 重新加载配置
tray-start-at-login = 登录时启动
tray-about = 关于 portcullis { $version }
tray-quit = 退出

### Starting the tray agent

cli-opened = 已在浏览器中打开 { $address }；加上 `--print` 则只显示地址。
cli-open-print = 运行 `portcullis open --print` 可显示仪表盘地址。
cli-handed-over = portcullis 已在运行；它会在浏览器中打开仪表盘。
cli-handed-over-without-browser = portcullis 已在运行。{ $reason }
cli-handed-over-without-icon = portcullis 正以 `portcullis serve` 方式运行，没有托盘图标；先用 `portcullis quit` 结束它，再运行 `portcullis` 即可带图标启动。
cli-no-session = 未找到图形会话，无法显示托盘图标：请运行 `portcullis serve` 在此终端中运行代理。

### Connecting tools

connect-done = { $tool } 现已指向 { $url }。已修改的文件：
connect-already = { $tool } 已经指向 { $url }。
connect-undo = 运行 `portcullis disconnect { $id }` 可将这些文件恢复原样。
connect-not-running = portcullis 没有运行，因此 { $tool } 暂时得不到回答。请运行 `portcullis { $command }` 或从菜单启动它。
connect-gemini-trust = Gemini CLI 只在受信任的文件夹中读取此设置；离运行位置更近的 .env 文件优先。
connect-codex-conversations = Codex 只列出当前所用服务商的对话。连接期间，以前的对话会被隐藏（`codex -c model_provider=openai resume` 可列出它们）。运行 `portcullis disconnect codex` 之后，在这里开始的对话会被隐藏，重新连接之前无法从列表中打开；`codex exec resume --last` 可继续最近的一次对话，无论它在哪边开始。
connect-state-here = 已连接
connect-state-elsewhere = 指向 { $url }
connect-state-unset = 未连接
connect-state-broken = 无法读取：{ $problem }
connect-any-port = 端口未定（port = 0），请先启动 portcullis。
connect-no-key = 没有可交给工具的客户端密钥。请运行 `portcullis key rotate` 生成一个。
disconnect-done = { $tool } 不再经过 portcullis：连接时改动的设置已恢复原样。已修改的文件：
disconnect-partly = 除下列值外，已撤回为 { $tool } 写入的设置。已修改的文件：
disconnect-nothing = { $tool } 尚未连接。
disconnect-left = { $file } 中的 { $key } 在连接之后被改动过，已原样保留。
disconnect-still-here = { $tool } 在连接之前就指向这里，因此仍然指向这里。
disconnect-models = { $file } 的 [models] 下仍保留以下内容，会用其他模型回答 { $tool } 请求的模型：{ $lines }。如不再需要，请在该文件中删除。
stranded-tools = 已连接的工具从现在起得不到回答：{ $tools }。如需恢复其设置，请运行 { $commands }。
stranded-others = { $tools } 从现在起得不到回答：指向这里的是工具自己的设置，不是由 connect 写入的。
disconnect-codex-conversations = 经由 portcullis 的对话会被 Codex 隐藏，也无法从列表中打开：运行 `portcullis connect codex` 即可重新显示；`codex exec resume --last` 可继续最近的一次对话。以前的对话会重新列出。
disconnect-undone = { $tool } 的设置已经是原来的样子。
tool-unserved = 这里没有账号提供 { $tool } 所请求的 { $models }。
tool-unserved-fix = 可由以下模型之一回答：{ $offers }。请在配置文件的 [models] 下添加 { $lines }，或运行 `portcullis connect { $id } --model { $model }`。
tool-unserved-add = 请添加提供 { $models } 的账号：`portcullis account add`。
tool-unserved-ask = 由哪个模型回答？请输入编号或名称；留空则不做更改。
tool-unserved-choice = 这里没有账号提供 { $typed }。
tool-model-choice = { $tool } 可以自行选择任何模型，因此没有需要替换的模型。
tool-model-unserved = 这里没有账号提供 { $model }；可用的有：{ $offers }
tool-model-set = 已在 [models] 下添加：{ $models } 由 { $model } 回答。运行 `portcullis disconnect` 后该行仍会保留。
disconnect-not-ours = { $tool } 不是由 portcullis 连接的。请自行从 { $file } 中删除 { $key }。

### Start at login

autostart-on = portcullis 会在登录时启动。
autostart-off = portcullis 不会在登录时启动。
autostart-stale = 登录时启动的是另一个程序：{ $command }。运行 `portcullis autostart on` 可改为本程序。

### Doctor

doctor-well = 一切正常。
doctor-warnings = 有 { $count } 条警告。
doctor-problems = 有 { $count } 个问题。
doctor-config-ok = 配置文件正常：{ $path }
doctor-config-missing = 还没有配置文件：{ $path }
doctor-config-missing-fix = `portcullis config init` 会写入一份。
doctor-config-broken = 配置文件有 { $count } 个问题，第一个：{ $first }
doctor-config-fix = `portcullis config check` 会列出每个问题及其解决办法。
doctor-config-warning-fix = 请在 { $path } 中改正；保存后立即生效。
doctor-clock = 这台电脑的时钟不对，因此所有服务商的证书都无效。
doctor-clock-fix = 请校准日期和时间。
doctor-files-ok = portcullis 的文件只有你能读取。
doctor-files-open = 其他用户可以访问 { $path }（权限 { $mode }）。
doctor-files-exposed = 其他用户可以改写 { $path }（权限 { $mode }）。
doctor-files-open-fix = 请运行 `chmod { $mode } "{ $path }"`。
doctor-owner = { $path } 属于另一个用户（id { $owner }），portcullis 无法使用。很可能曾用 sudo 运行过一次。{ $more ->
    [0] {""}
   *[other] 另外还有 { $more } 个。
}
doctor-owner-fix = 请运行 `sudo chown -R { $user } { $directories }`。
doctor-read-only = { $path } 位于不可写的文件系统上。
doctor-read-only-fix = 请以可写方式挂载，或用 `--home` 指定另一个目录。
doctor-unwritable = { $path } 无法写入。
doctor-unwritable-fix = 请运行 `chmod { $bits } "{ $path }"`。
doctor-disk-full = { $path } 所在的磁盘已满，portcullis 无法写入。
doctor-quota-used = { $path } 所在磁盘的配额已用完，portcullis 无法写入。
doctor-disk-full-fix = 请在那里腾出空间（`df -h "{ $path }"` 和 `df -i "{ $path }"` 可查看剩余量），或用 `--home` 指定另一个目录。
doctor-agent-silent = portcullis 正在运行，但没有响应。
doctor-agent-silent-fix = 请运行 `portcullis quit`，然后重新启动。
doctor-agent-warning-fix = `portcullis status` 会显示是否已恢复；详情见日志：{ $path }
doctor-proxy-stopped = 代理已停止。
doctor-proxy-stopped-fix = 运行 `portcullis start` 即可启动。
doctor-reload-fix = `portcullis reload` 会重新读取配置文件，并说明是什么在妨碍。
doctor-not-running = portcullis 没有运行；端口 { $port } 空闲。
doctor-not-running-fix = 运行 `portcullis serve` 即可启动。
doctor-lan-fix = 请在 [proxy] 下设置 `auth_mode = "auto"`。
doctor-ipv6-fix = 请结束该程序并运行 `portcullis restart`，或让客户端使用 127.0.0.1 而不是 localhost。
doctor-users-untold = 此系统无法得知连接来自哪个用户，因此在不要求密钥时，这台电脑上的所有用户都能使用你的账号。
doctor-users-untold-fix = 请在 [proxy] 下设置 `auth_mode = "strict"`。
doctor-account-disabled = 账号 { $name } 被拒绝：{ $reason }
doctor-account-disabled-fix = 请检查它的密钥；运行 `portcullis account enable { $name }` 可重新启用。
doctor-account-silent-fix = 如果被拒绝，请检查密钥；如果没有应答，请检查 `base_url` 和网络。运行 `portcullis account test { $name }` 可再试一次。
doctor-account-unusable = 账号 { $name } 没有可用的密钥：{ $reason }
doctor-account-unseen-fix = 你的 shell 有该密钥，而代理程序没有：它启动时没有你 shell 的环境。请使用绝对路径或 { "{" } file = "…" { "}" }，或在 ~/.config/environment.d 中或用 `systemctl --user import-environment` 设置该变量，然后重新启动代理程序。
doctor-account-cooling = 账号 { $name } 正在冷却：{ $reason }
doctor-account-cooling-fix = 请等待，或运行 `portcullis account clear-cooldown { $name }`。
doctor-account-credit-fix = 请在服务商处为账号 { $name } 充值，然后运行 `portcullis account clear-cooldown { $name }`。
doctor-account-answers = 账号 { $name } 有响应。
doctor-account-silent = 账号 { $name } 没有响应：{ $reason }
doctor-no-keys = { $count } 个账号都没有可用的密钥。
doctor-no-keys-fix = 请为账号设置密钥；各自缺少什么见下文。
doctor-proxies-ok = 环境变量中没有会挡在客户端与 portcullis 之间的代理。
doctor-proxies-trap = 已设置 { $name }，但 NO_PROXY 中没有 127.0.0.1：Gemini CLI 等客户端会连接不上。
doctor-proxies-trap-fix = 请在 NO_PROXY 现有的值中加入 `127.0.0.1,localhost`。
doctor-upstream-proxy-ok = 代理 { $proxy }（upstream.proxy）有响应。
doctor-upstream-proxy = 代理 { $proxy }（upstream.proxy）没有响应：{ $reason }
doctor-proxies-unused = portcullis 不使用环境变量 { $name } 中的代理：它直接连接服务商。
doctor-proxies-unused-fix = 如果你的网络需要它，请在 [upstream] 下写：proxy = "{ $value }"
doctor-variable = { $name } 把客户端指向了别处：{ $value }
doctor-variable-fix = 请取消设置，或将其设为 { $value }。
doctor-tool-here = { $tool } 已连接。
doctor-tool-stranded = { $tool } 指向 portcullis，而它没有运行。
doctor-tool-stranded-fix = 用 `portcullis serve` 或 `portcullis start` 启动它，或用 `portcullis disconnect { $id }` 恢复该工具。
doctor-tool-elsewhere = { $tool } 指向 { $url }。
doctor-tool-unset = { $tool } 曾经连接过，但已不再指向这里。
doctor-tool-fix = 运行 `portcullis connect { $id }` 可让它指向这里。
doctor-tool-broken = 无法读取 { $tool } 的设置：{ $problem }
doctor-tool-broken-fix = 请修正该文件；工具自己也读不了它。
doctor-login-stale = 登录时启动的是另一个程序：{ $command }
doctor-login-stale-fix = 运行 `portcullis autostart on` 可改为本程序。
doctor-bus-missing = 没有会话总线，因此没有托盘图标，也没有通知。
doctor-bus-missing-fix = 请登录桌面环境，或使用不需要它的 `portcullis serve`。
doctor-tray-ok = 桌面可以显示托盘图标。
doctor-tray-missing = 这个桌面上没有显示托盘图标的程序。
doctor-tray-missing-fix = 请在面板中添加托盘；GNOME 请安装扩展 AppIndicator Support。
doctor-icon-none = 正在运行的程序没有托盘图标：它是用 `portcullis serve` 启动的。
doctor-icon-elsewhere = 正在运行的程序的图标在另一个会话中。
doctor-icon-elsewhere-fix = 在这里运行 `portcullis`：图标、通知和浏览器会转到本会话。
doctor-notifications-ok = 通知及其按钮均可使用。
doctor-notifications-plain = 通知可以使用，但没有按钮。
doctor-notifications-plain-fix = 请改用菜单：按钮能做的事菜单里都有。
doctor-notifications-missing = 没有响应的通知服务。
doctor-notifications-missing-fix = 请安装一个，例如 dunst 或 mako；`portcullis status` 也会给出同样的内容。

### Notifications

notify-title-bind = 端口无法使用
notify-title-config = 配置文件有问题
notify-title-account = 账号已停止使用
notify-title-cooling = 所有账号都在冷却
notify-title-upstream = 无法连接服务商
notify-title-lan = 已向网络开放且无需密钥
notify-title-moved = portcullis 的地址已改变
notify-title-update = 有新版本
notify-title-ticket = 其他程序可能已打开仪表盘
notify-title-refused = 无法完成
notify-action-move = 使用端口 { $port }
notify-action-edit = 打开文件
notify-action-copy-address = 复制地址
notify-action-dashboard = 打开仪表盘

### The pages: frame

nav-home = 主页
nav-requests = 请求
nav-usage = 用量
nav-accounts = 账号
nav-settings = 设置
nav-skip = 跳到正文
page-start = 启动代理
page-stop = 停止代理
page-restart = 重启
page-use-port = 改用端口 { $port }
page-save = 保存
page-saved = 已保存并生效。
page-cancel = 取消
page-copy = 复制
page-show = 显示
page-copied = 已复制。
lost-title = 找不到页面
lost-page = 没有这个页面。
lost-record = 没有这个请求的记录，或记录已被删除。

### Home and the first request

home-latest = 最近的请求
home-all-requests = 全部请求
first-title = 三步完成第一个请求
first-step-check = 确认它在运行
first-check-why = 最小的请求：不需要模型，也不需要账号，只看代理是否在运行。
first-check-now = 立即检查
first-check-failed = { $url } 没有响应。请启动代理。
first-step-connect = 让客户端连到这里
first-connect-why = 粘贴其中一个即可。OpenAI 客户端的 Base URL 要以 /v1 结尾，Anthropic 和 Gemini 客户端不需要。
first-or-connect = 也可以让 portcullis 代为设置（用 disconnect 撤销）：
first-show-key = 显示密钥
first-key-hint = 复制的内容里是真正的密钥。
first-step-ask = 发一个问题
first-waiting = 正在等待请求…
first-answered = { $client } 收到了 { $model } 的回答，连接成功。
first-refused = { $client } 发来请求，得到了 { $status }。
first-some-client = 某个客户端
first-details = 详情
first-advice-401 = 缺少密钥或密钥错误。请用以下任一请求头发送上面的密钥：Authorization: Bearer KEY、x-api-key: KEY、x-goog-api-key: KEY。
first-advice-404 = 没有这个路径，多半是 Base URL 不对。OpenAI 客户端用 { $base_url }/v1，Anthropic 和 Gemini 客户端用 { $base_url }。
first-advice-model = 没有账号提供模型 { $model }。请添加账号，或把它写进某个账号的 models，或在 [models] 中映射到别的模型。

### Requests

requests-time = 时间
requests-model = 模型
requests-account = 账号
requests-client = 客户端
requests-tokens = Token 入 → 出
requests-first-byte = 首个 token
requests-duration = 耗时
requests-outcome = 结果
requests-off = 目前不记录请求。可在“设置”中开启记录。
requests-none = 还没有请求，到达后会显示在这里。
requests-none-match = 没有符合条件的请求。
requests-newest = 最新
requests-older = 更早
requests-dropped = 磁盘写入太慢，有 { $count } 个请求没有被记录。
requests-export-csv = 导出 CSV
requests-export-jsonl = 导出 JSON Lines
requests-clear = 全部删除
requests-clear-question = 删除全部请求记录？
requests-clear-explanation = 用量统计也会一并删除。此操作无法撤销。
requests-cleared = 记录已删除。
filter-text = 文本
filter-model = 模型（可用 *）
filter-account = 账号
filter-protocol = 协议
filter-client = 客户端
filter-errors = 仅错误
filter-all = 全部
filter-apply = 筛选
filter-clear = 清除筛选
outcome-failed = 失败 { $status }
outcome-cancelled = 已取消
outcome-cut = 中断
detail-timeline = 尝试
detail-no-attempts = 没有尝试任何账号。
detail-answer = 响应
detail-dropped = 被省略的字段
detail-dropped-why = 账号一侧的协议无法表达请求中的这些字段，因此没有发送。
detail-facts = 详情
detail-time = 时间
detail-id = 请求 ID
detail-client = 客户端
detail-peer = 地址
detail-protocol = 协议
detail-path = 路径
detail-understood = 理解为
detail-hint = 提示
detail-asked = 请求的模型
detail-used = 使用的模型
detail-provider = 提供商
detail-account = 账号
detail-status = 状态码
detail-error-kind = 错误类型
detail-streamed = 流式
detail-yes = 是
detail-input = 输入 token
detail-cached = 其中缓存
detail-cache-write = 其中写入缓存
detail-output = 输出 token
detail-reasoning = 其中推理
detail-cost = 估算费用
detail-bytes-in = 请求大小
detail-bytes-out = 响应大小
detail-first-byte = 首个 token 用时
detail-duration = 耗时
detail-request-body = 请求正文
detail-response-body = 响应正文
detail-body-cut = 共 { $length }，只保留了开头部分。

### Usage

usage-per-hour = 小时
usage-per-day = 天
usage-per-week = 周
usage-by-model = 按模型
usage-by-account = 按账号
usage-by-client = 按客户端
usage-tokens = Token
usage-requests = 请求
usage-errors = 错误
usage-first-byte = 首个 token 用时
usage-cost = 估算费用
usage-input = 输入
usage-cached = 缓存
usage-output = 输出
usage-reasoning = 推理
usage-total = 合计
usage-others = 其他
usage-unknown = 未知
usage-nothing = 这段时间没有使用记录。
usage-as-table = 以表格查看图表数据
usage-period = 时段
usage-cost-is-estimate = 费用按价目表估算，并非账单。
usage-cost-partial = 部分响应的价格未知，实际费用会更高。

### Accounts

accounts-order = 在“设置”中选择“按优先级”时，按此顺序尝试；其他方式则由各账号分摊请求。保存后的密钥不再显示。
accounts-empty = 还没有账号。请用自己的密钥添加一个。
accounts-add = 添加账号
accounts-added = 账号已添加。可以点“测试”看看密钥是否有效。
accounts-clear-all = 清除全部冷却
accounts-clear = 清除冷却
accounts-cleared = 冷却已清除。
accounts-test = 测试
accounts-enable = 启用
accounts-disable = 停用
accounts-up = 上移
accounts-down = 下移
accounts-edit = 编辑
accounts-remove = 移除
accounts-removed = 已移除 { $name }。
accounts-remove-question = 移除 { $name }？
accounts-remove-explanation = 它会连同密钥一起从配置文件中删除。进行中的请求会正常完成。
accounts-test-works = { $name } 可用：请求 { $asked }，{ $duration } 后得到响应。
accounts-test-fails = { $name } 不可用。
account-ready = 可用
account-off = 已停用
account-disabled = 密钥被拒绝
account-unusable = 无法取得密钥
account-cooling = 冷却至 { $until }
account-name = 名称
account-provider = 提供商
account-key = API 密钥
account-key-elsewhere = 密钥保存在别处
account-key-env = 环境变量
account-key-file = 文件
account-key-keyring = 密钥环条目
account-base-url = Base URL（非官方默认地址时填写）
account-models = 提供的模型（每行一个，可用 *）
account-priority = 优先级（小者优先）
account-weight = 权重

### Settings

settings-file = 保存于
settings-at-once = 立即生效。文件中的注释和顺序保持不变。
settings-one-a-line = 每行一个
settings-general = 常规
settings-proxy = 代理
settings-pool = 账号池
settings-upstream = 上游
settings-monitor = 请求记录
settings-notifications = 通知
settings-zai = 用 z.ai 代替 Claude
settings-telemetry = 遥测
settings-updates = 更新
setting-language = 语言
setting-port = 端口
setting-lan = 局域网访问
setting-auth-mode = 身份验证
setting-api-key = 客户端密钥
setting-start-with-agent = 随 portcullis 启动代理
setting-request-timeout = 请求超时（秒）
setting-max-body = 请求大小上限（MB）
setting-drain-timeout = 停止时的等待时间（秒）
setting-allowed-hosts = 额外的主机名
setting-allowed-origins = 允许调用代理的网页
setting-strategy = 账号选择方式
setting-max-attempts = 单个请求最多尝试的账号数
setting-max-cooldown = 最长冷却时间（秒）
setting-zai-enabled = 使用 z.ai
setting-zai-dispatch-mode = 由它处理的请求
setting-zai-base-url = Base URL
setting-zai-api-key = z.ai 密钥
setting-zai-opus = opus 对应的模型
setting-zai-sonnet = sonnet 对应的模型
setting-zai-haiku = haiku 对应的模型
setting-upstream-proxy = 出站代理
setting-no-proxy = 不经代理的目标
setting-ca-file = 其他证书颁发机构（PEM 文件）
setting-connect-timeout = 连接超时（秒）
setting-monitor-enabled = 记录请求
setting-capture-bodies = 保留正文
setting-max-mb = 记录大小上限（MB）
setting-retention = 保留天数
setting-notifications-enabled = 显示通知
setting-notify-bind-failure = 端口无法绑定
setting-notify-config-problem = 配置文件有问题
setting-notify-account-disabled = 账号密钥被拒绝
setting-notify-all-cooling = 所有账号都在冷却
setting-notify-upstream-unreachable = 上游无法连接
setting-notify-lan-without-key = 局域网访问未设密钥
setting-notify-update-available = 有新版本
setting-otlp-endpoint = OTLP 端点
setting-updates-check = 每天检查一次更新
setting-updates-url = 发布列表地址
choice-language-auto = 跟随系统
choice-language-en = English
choice-language-ja = 日本語
choice-language-zh = 简体中文
choice-auth-off = 关闭：不需要密钥
choice-auth-strict = 严格：所有请求都需要密钥
choice-auth-all-except-health = 除健康检查外都需要
choice-auth-auto = 自动：本机不需要，开启局域网后需要
choice-strategy-round-robin = 轮流
choice-strategy-sticky = 同一对话使用同一账号
choice-strategy-fill-first = 按优先级，冷却时换下一个
choice-strategy-least-busy = 最空闲的账号
choice-dispatch-off = 不处理
choice-dispatch-exclusive = 所有 Anthropic 请求
choice-dispatch-pooled = 与其他账号分摊
choice-dispatch-fallback = 其他账号都无法处理的请求
choice-capture-none = 不保留
choice-capture-errors = 仅失败的请求
choice-capture-all = 全部
secret-nowhere = 未设置
secret-here = 已设置；输入新值可替换
secret-elsewhere = 保存在 { $place }；输入新值可替换
key-title = 客户端密钥
key-why = 客户端发给 portcullis 的密钥，不会发给任何提供商。
key-rotate = 更换密钥
key-rotate-question = 生成新的密钥？
key-rotate-explanation = 在需要密钥时，使用旧密钥的客户端将被拒绝。
key-rotated = 新密钥已生效。
models-title = 模型映射
models-why = 客户端请求的模型，以及实际回答的模型。完整名称优先于通配模式，较具体的模式优先于较宽的模式。写成 provider/model 或 account/model 还可指定去向。
models-asked = 请求的模型
models-sent = 回答的模型
models-sent-for = 回答 { $asked } 的模型
models-add = 添加
models-remove = 移除
prices-title = 价格
prices-why = 每百万 token 的价格（美元），用于“请求”和“用量”中的费用估算。常见模型已内置 { $date } 的标价，此处填写的行优先。缓存输入与普通输入同价时留空即可。
prices-model = 模型（可用 *）
prices-input = 输入（$）
prices-cached-input = 缓存输入（$）
prices-output = 输出（$）
prices-as-input = 与输入同价

### Command line

cli-error = 错误：{ $text }
cli-not-running = portcullis 没有运行，请用 `portcullis serve` 启动。
cli-agent-silent = 代理程序没有响应：{ $reason }
cli-not-applied = 已写入，但正在运行的程序未能应用：{ $reason }
cli-other-config = 已写入，但正在运行的程序读取的是另一个配置文件：{ $path }
cli-still-finishing = 程序仍在处理请求
cli-second-agent = 另一个程序已在使用此目录（{ $home }）。`portcullis status` 可查看它。
cli-second-agent-pid = 另一个程序（pid { $pid }）已在使用此目录（{ $home }）。`portcullis status` 可查看它。
cli-unreachable-agent = 另一个程序正在使用此目录，但没有说明如何联系它
cli-tray-ended = 程序没有启动成功；原因见日志：{ $log }
cli-status-not-running = 未运行
cli-status-base-url = 基础 URL：OpenAI 客户端用 { $url }/v1，Anthropic 和 Gemini 用 { $url }
cli-status-accounts = 账号：{ $accounts }
cli-status-account = { $name }（{ $state }）：{ $reason }
cli-status-problem = 问题：{ $problem }
cli-status-warning = 警告：{ $warning }
cli-status-config = 配置文件：{ $path }
cli-config-written = 已写入 { $path }
cli-config-there = { $path } 已存在，未作改动
cli-config-warning = 警告：{ $warning }
cli-config-ok = { $path }：没有问题
cli-key-missing = 还没有密钥：`portcullis key rotate` 可生成一个
cli-key-elsewhere = proxy.api_key 保存在配置文件之外：请在那里修改，然后运行 `portcullis reload`
cli-accounts-none = 还没有账号：`portcullis account add --provider gemini` 可添加一个。
cli-account-added = 已添加 { $name }。`portcullis account test { $name }` 可测试它。
cli-account-prompt = { $provider } 的 API 密钥：
cli-account-prompt-optional = { $provider } 的 API 密钥（没有则留空）：
cli-account-variable = 环境变量 { $name } 没有设置
cli-account-needs-key = { $provider } 的账号需要 API 密钥：请输入、用管道传入，或使用 --from-env
cli-account-needs-base-url = { $provider } 的账号需要服务器地址：请用 --base-url 指定，例如 --base-url http://localhost:11434/v1
cli-account-other-key = 这看起来是 { $owner } 的密钥，而不是 { $provider } 的：请使用 { $options }，或用 --base-url 指明它要发往的地址
cli-account-took-quotes = 已去掉密钥两边的引号。
cli-account-took-name = 已去掉密钥前面的变量名。
cli-account-took-header = 已去掉密钥前面的标头名。
cli-account-nothing-typed = 没有输入密钥，因此未添加任何账号
cli-account-took-scheme = 已去掉密钥前面的 `Bearer`。
cli-account-tested = { $name }：{ $said }（询问：{ $model }，{ $ms } 毫秒）
cli-account-unknown = 没有名为 { $name } 的账号
cli-account-exists = 已经有名为 { $name } 的账号
cli-cleared = 已清除 { $count } 个

### Demo

demo-running = 正在 { $url } 上以内置的演示账号运行，可使用任意模型名。
demo-promise = 无需密钥，任何内容都不会离开这台电脑，也不会保留。按 Ctrl-C 结束。
demo-is-there = 检查是否在运行：
demo-watch = 可在 { $url } 查看请求。打开该页面的命令：
demo-first-answer = 以流式获取第一个回答：
demo-own-keys = 要使用自己的密钥，请先运行 `portcullis account add`，再运行 `portcullis serve`。
demo-no-directory = 无法为演示创建目录：{ $reason }
demo-no-config = 无法写入演示的配置文件：{ $reason }
demo-other-port = 端口 { $port } 已被占用，演示改用另一个端口。

### Help, whose English stands in the program

help-heading-usage = 用法
help-heading-commands = 命令
help-heading-arguments = 参数
help-heading-options = 选项
help-default = 默认值
help-choices = 可选值
help-portcullis = 语言模型 API 的本地反向代理：任何 OpenAI、Anthropic 或 Gemini 客户端都可以指向 http://127.0.0.1:8045。不带命令运行时即为带托盘图标的后台程序
help--config = 配置文件 [默认值: 平台配置目录中的 config.toml]
help--home = 用一个目录存放配置、数据、状态和运行时文件
help--json = 以 JSON 输出结果
help--verbose = 记录更多日志；写两次则记录全部
help--quiet = 只记录出错的内容
help--help = 显示帮助
help--version = 显示版本
help-help = 显示本帮助，或指定命令的帮助
help-serve = 在前台运行代理程序，不带托盘
help-serve--port = 监听此端口，而不是配置的端口；0 表示任意空闲端口
help-demo = 试用：一个用完即弃、自行回答的代理，不需要密钥，也不需要网络
help-demo--port = 监听此端口；0 表示任意空闲端口 [默认值: 8045，被占用时为任意端口]
help-demo--tray = 同时显示托盘图标
help-status = 是否在运行、在哪里运行、有什么问题
help-start = 在正在运行的代理程序中启动代理
help-stop = 停止代理：端口立即释放，进行中的请求会完成
help-restart = 停止并重新启动代理
help-reload = 重新读取配置文件
help-quit = 结束正在运行的代理程序
help-open = 在浏览器中打开仪表盘
help-open--print = 改为显示一个地址，一分钟内可打开一次
help-logs = 请求记录；加 -f 则包括之后的请求
help-logs--follow = 请求结束时继续显示
help-logs--count = 显示最近的多少条
help-usage = 各时段的请求数、token 数和估算费用
help-usage--by = 每一行对应什么
help-usage--by--model = 实际使用的模型；没有则为请求的模型
help-usage--by--client = 按名称，不含版本
help-usage--per = 按什么时段划分；不写则合计全部时间
help-usage--per--week = 从星期一开始
help--errors = 只看失败的请求
help--model = 只看此模型（请求的或使用的）；`*` 代表任意文字
help--account = 只看此账号
help--protocol = 只看使用此协议的客户端
help--client = 只看此客户端（名称，不含版本）
help--text = 只看 ID、路径、模型、账号、客户端或错误中含有此文字的请求
help--since = 只看此时之后：`2h`、`7d`、`2026-08-01`、`2026-08-01T12:00`，也可带时区
help-account = 用于发送请求的账号
help-account-list = 列出账号及其状态
help-account-add = 添加账号；密钥从提示、标准输入或 --from-env 读取
help-account-add--name = 账号的名称 [默认值: 服务商的名称]
help-account-add--named = 同上，作为选项
help-account-add--provider = 属于哪个服务商的 API
help-account-add--from_env = 从此环境变量读取密钥
help-account-add--base_url = API 的地址（不是服务商默认地址时）
help-account-add--models = 它提供的模型；可含 *，可多次指定
help-account-remove = 从配置文件中移除账号
help-account-remove--name = 哪个账号
help-account-enable = （重新）使用账号，包括密钥曾被拒绝的账号
help-account-enable--name = 哪个账号
help-account-disable = 保留账号，但不使用
help-account-disable--name = 哪个账号
help-account-test = 用账号进行一次最小的真实调用，并显示结果
help-account-test--name = 哪个账号
help-account-clear-cooldown = 让冷却中的账号立即可以再试；不写名称则为全部账号
help-account-clear-cooldown--name = 哪个账号
help-config = 配置文件
help-config-path = 显示配置文件的位置
help-config-init = 写入第一份带有新密钥的配置文件；从不覆盖已有文件
help-config-check = 显示文件的每个问题，连同所在行和解决办法
help-config-show = 显示文件内容，不含机密
help-config-schema = 显示文件的 JSON Schema，供编辑器补全
help-key = 客户端发送的密钥
help-key-show = 显示密钥
help-key-rotate = 换成新密钥并显示
help-connect = 让工具指向 portcullis；不写名称则列出各工具及其指向
help-connect--model = 无论工具请求什么模型，都用此模型回答
help-connect--print = 只显示会有哪些更改，不做更改
help-disconnect = 恢复工具原来的设置
help-autostart = 登录时启动托盘程序
help-autostart-on = 从现在起在登录时启动
help-autostart-off = 不在登录时启动
help-autostart-status = 显示当前是哪一种
help-completions = 输出用于 shell 命令补全的脚本
help-completions--shell = 用于哪种 shell
help-doctor = 检查这台电脑上的问题，并给出解决办法
help-doctor--online = 还用每个账号进行一次最小的真实调用

//! What a key means where the file does not have it, section by section. The schema shows
//! these values, `resolve` fills them in, and a test compares the first config file with
//! them. A key without a constant here is empty by default.

use super::language::LanguageSetting;

pub const LANGUAGE: LanguageSetting = LanguageSetting::Auto;

pub mod proxy {
    use crate::config::AuthMode;

    pub const PORT: u16 = 8045;
    pub const ALLOW_LAN_ACCESS: bool = false;
    pub const AUTH_MODE: AuthMode = AuthMode::Auto;
    pub const START_WITH_AGENT: bool = true;
    pub const REQUEST_TIMEOUT_SECS: u64 = 600;
    pub const MAX_BODY_MB: u64 = 100;
    pub const DRAIN_TIMEOUT_SECS: u64 = 30;
}

pub mod pool {
    use crate::config::Strategy;

    pub const STRATEGY: Strategy = Strategy::RoundRobin;
    pub const MAX_ATTEMPTS: u32 = 3;
    pub const MAX_COOLDOWN_SECS: u64 = 3_600;
}

pub mod zai {
    use crate::config::DispatchMode;
    use crate::protocol::Provider;

    pub const ENABLED: bool = false;
    pub const DISPATCH_MODE: DispatchMode = DispatchMode::Off;
    pub const BASE_URL: &str = Provider::Zai.base_url().expect("z.ai has an address of its own");
    pub const OPUS: &str = "glm-4.7";
    pub const SONNET: &str = "glm-4.7";
    pub const HAIKU: &str = "glm-4.5-air";
}

pub mod upstream {
    pub const CONNECT_TIMEOUT_SECS: u64 = 10;
}

pub mod monitor {
    use crate::config::CaptureBodies;

    pub const ENABLED: bool = true;
    pub const CAPTURE_BODIES: CaptureBodies = CaptureBodies::None;
    pub const MAX_MB: u64 = 256;
    pub const RETENTION_DAYS: u32 = 30;
}

pub mod notifications {
    /// Notifications as a whole, and each kind of them.
    pub const ENABLED: bool = true;
}

pub mod updates {
    pub const CHECK: bool = false;
}

pub mod account {
    pub const ENABLED: bool = true;
    pub const PRIORITY: i32 = 0;
    pub const WEIGHT: u32 = 1;
}

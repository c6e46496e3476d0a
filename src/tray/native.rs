//! The tray of macOS and Windows. On both, icon and menu must be made, changed and dropped on
//! the main thread, in an event loop of the system.

mod render;

use std::future::Future;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use muda::{MenuEvent, MenuId};
use tao::event::{Event as LoopEvent, StartCause};
use tao::event_loop::{ControlFlow, EventLoop, EventLoopBuilder, EventLoopProxy};
use tao::platform::run_return::EventLoopExtRunReturn;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedSender;
use tray_icon::{BadIcon, TrayIcon, TrayIconBuilder};

use self::render::Rendered;
use super::icon::{Icon, Pixels};
use super::menu::{Headline, headline, menu};
use super::shell::{Seat, TrayShell};
use super::view::View;
use crate::control::{AgentHandle, Command, IconState, IconStatus};
use crate::desktop::autostart::Login;

/// When a panel that is missing or restarting is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Windows takes at most this many UTF-16 units, and its caller has to cut the rest off.
const LONGEST_TOOLTIP: usize = 127;
/// How long background work may take after the agent has ended.
const END_LIMIT: Duration = Duration::from_millis(500);

/// Everything that can wake the loop.
enum Event {
    /// The agent has begun, and takes clicks.
    Begun(UnboundedSender<Command>),
    View(Box<View>),
    Clicked(MenuId),
    Ended,
}

#[derive(Debug, thiserror::Error)]
enum DrawError {
    #[error(transparent)]
    Tray(#[from] tray_icon::Error),
    #[error(transparent)]
    Menu(#[from] muda::Error),
    #[error(transparent)]
    Picture(#[from] BadIcon),
}

/// A user who can start a program here has a desktop.
pub const fn is_possible(_: &Runtime) -> bool {
    true
}

/// Runs the agent on the runtime and the tray on this thread, until the agent ends.
pub fn run<F>(runtime: Runtime, login: Login, agent: impl FnOnce(ShellMaker) -> F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut events = event_loop();
    let proxy = events.create_proxy();
    MenuEvent::set_event_handler(Some(clicked(proxy.clone())));
    let agent = agent(ShellMaker { proxy: proxy.clone(), login });
    let running = runtime.spawn(async move {
        let _ending = Ending(proxy);
        agent.await
    });
    let mut tray = Tray::default();
    events.run_return(|event, _, flow| {
        match event {
            LoopEvent::NewEvents(StartCause::Init) => tray.begin(),
            LoopEvent::NewEvents(StartCause::ResumeTimeReached { .. }) => tray.draw(),
            LoopEvent::UserEvent(Event::Ended) => return *flow = ControlFlow::Exit,
            LoopEvent::UserEvent(event) => tray.take(event),
            _ => {}
        }
        if *flow != ControlFlow::Exit {
            *flow = tray.retry_at.map_or(ControlFlow::Wait, ControlFlow::WaitUntil);
        }
    });
    // When the system has ended the loop, the agent still runs.
    tray.quit();
    // The icon goes first, and on this thread.
    drop(tray);
    let ended = runtime.block_on(running);
    runtime.shutdown_timeout(END_LIMIT);
    match ended {
        Ok(ended) => ended,
        Err(panicked) => resume_unwind(panicked.into_panic()),
    }
}

/// Ends the loop when it is dropped, which is when the agent has ended, in any way.
struct Ending(EventLoopProxy<Event>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send_event(Event::Ended);
    }
}

#[cfg(windows)]
fn event_loop() -> EventLoop<Event> {
    EventLoopBuilder::with_user_event().build()
}

/// No window, no place in the Dock, and the keyboard focus stays where it is.
#[cfg(target_os = "macos")]
fn event_loop() -> EventLoop<Event> {
    use tao::platform::macos::{ActivationPolicy, EventLoopExtMacOS};

    let mut events = EventLoopBuilder::with_user_event().build();
    events.set_activation_policy(ActivationPolicy::Accessory);
    events.set_activate_ignoring_other_apps(false);
    events
}

fn clicked(proxy: EventLoopProxy<Event>) -> impl Fn(MenuEvent) + Send + Sync + 'static {
    let proxy = parking_lot::Mutex::new(proxy);
    move |event| {
        let _ = proxy.lock().send_event(Event::Clicked(event.id));
    }
}

/// Makes the shell that shows the agent in the tray.
pub struct ShellMaker {
    proxy: EventLoopProxy<Event>,
    login: Login,
}

impl ShellMaker {
    /// Must be called on the runtime.
    pub fn shell(self, agent: &AgentHandle) -> TrayShell {
        let Self { proxy, login } = self;
        let (shell, Seat { mut views, clicks, agent }) = TrayShell::new(agent, login);
        tokio::spawn(async move {
            let icon = IconStatus { state: IconState::Shown, bus: String::new() };
            let _ = agent.ask(Command::ReportIcon(icon)).await;
        });
        let _ = proxy.send_event(Event::Begun(clicks));
        views.mark_changed();
        tokio::spawn(async move {
            while views.changed().await.is_ok() {
                let view = Box::new(views.borrow_and_update().clone());
                if proxy.send_event(Event::View(view)).is_err() {
                    return;
                }
            }
        });
        shell
    }
}

/// What the main thread owns.
#[derive(Default)]
struct Tray {
    /// Whether the loop runs: an icon made before that is never shown.
    has_begun: bool,
    clicks: Option<UnboundedSender<Command>>,
    latest: Option<View>,
    drawn: Option<Drawn>,
    /// The panel did not take the latest view, and gets it again then.
    retry_at: Option<Instant>,
}

struct Drawn {
    tray: TrayIcon,
    icon: Icon,
    headline: Headline,
    menu: Rendered,
}

impl Tray {
    fn begin(&mut self) {
        self.has_begun = true;
        self.draw();
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Begun(clicks) => self.clicks = Some(clicks),
            Event::View(view) => {
                self.latest = Some(*view);
                self.draw();
            }
            Event::Clicked(id) => self.click(&id),
            Event::Ended => {}
        }
    }

    fn draw(&mut self) {
        let Some(view) = self.latest.as_ref().filter(|_| self.has_begun) else { return };
        // An icon is never dropped here: it comes back by itself with a panel that restarts, and
        // its menu may be open.
        let outcome = match &mut self.drawn {
            Some(drawn) => drawn.update(view),
            None => Drawn::new(view).map(|drawn| self.drawn = Some(drawn)),
        };
        let was_stale = self.retry_at.is_some();
        self.retry_at = outcome.is_err().then(|| Instant::now() + RETRY);
        if let Err(error) = outcome
            && !was_stale
        {
            tracing::warn!("the tray icon could not be drawn and is tried again: {error}");
        }
    }

    fn quit(&self) {
        if let Some(clicks) = &self.clicks {
            let _ = clicks.send(Command::Quit);
        }
    }

    fn click(&mut self, id: &MenuId) {
        let Some(drawn) = &mut self.drawn else { return };
        let command = drawn.menu.command(id).cloned();
        // The system has toggled the check item by itself; only a view may change it.
        drawn.menu.restore_checks();
        if let (Some(command), Some(clicks)) = (command, &self.clicks) {
            let _ = clicks.send(command);
        }
    }
}

impl Drawn {
    fn new(view: &View) -> Result<Self, DrawError> {
        let (icon, headline) = (Icon::of(view.status.state), headline(&view.status));
        let rendered = Rendered::new(&menu(view, &TimeZone::system()))?;
        let builder = TrayIconBuilder::new()
            .with_id("portcullis")
            .with_tooltip(tooltip(&headline))
            .with_menu(Box::new(rendered.menu.clone()));
        let tray = with_icon(builder, icon)?.build()?;
        Ok(Self { tray, icon, headline, menu: rendered })
    }

    fn update(&mut self, view: &View) -> Result<(), DrawError> {
        self.menu.update(&menu(view, &TimeZone::system()))?;
        let icon = Icon::of(view.status.state);
        if icon != self.icon {
            set_icon(&self.tray, icon)?;
            self.icon = icon;
        }
        let headline = headline(&view.status);
        if headline != self.headline {
            self.tray.set_tooltip(Some(tooltip(&headline)))?;
            self.headline = headline;
        }
        Ok(())
    }
}

fn tooltip(headline: &Headline) -> String {
    let mut units = 0;
    let fits = |character: &char| {
        units += character.len_utf16();
        units <= LONGEST_TOOLTIP
    };
    format!("{}\n{}", headline.state, headline.accounts).chars().take_while(fits).collect()
}

#[cfg(target_os = "macos")]
fn with_icon(builder: TrayIconBuilder, icon: Icon) -> Result<TrayIconBuilder, DrawError> {
    Ok(builder.with_icon_templated(picture(icon.template())?))
}

#[cfg(target_os = "macos")]
fn set_icon(tray: &TrayIcon, icon: Icon) -> Result<(), DrawError> {
    Ok(tray.set_icon_templated(Some(picture(icon.template())?))?)
}

#[cfg(windows)]
fn with_icon(builder: TrayIconBuilder, icon: Icon) -> Result<TrayIconBuilder, DrawError> {
    Ok(builder.with_icon(picture(at_twice_the_size(icon))?))
}

#[cfg(windows)]
fn set_icon(tray: &TrayIcon, icon: Icon) -> Result<(), DrawError> {
    Ok(tray.set_icon(Some(picture(at_twice_the_size(icon))?))?)
}

/// A taskbar draws 16 pixels, or up to 32 on fine screens, and scales down well.
#[cfg(windows)]
fn at_twice_the_size(icon: Icon) -> Option<Pixels> {
    icon.in_all_sizes().into_iter().find(|pixels| pixels.width == 32)
}

fn picture(pixels: Option<Pixels>) -> Result<tray_icon::Icon, BadIcon> {
    let Pixels { width, height, rgba } = pixels.unwrap_or(Pixels { width: 1, height: 1, rgba: vec![0; 4] });
    tray_icon::Icon::from_rgba(rgba, width, height)
}

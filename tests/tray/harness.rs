//! The scripted desktop itself: it must see what was sent.

use crate::support::desktop::{NotificationDaemon, PrivateBus};

#[tokio::test]
async fn a_notification_is_remembered_and_its_button_pressed() {
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let connection = bus.connect().await;
    let proxy = zbus::Proxy::new(
        &connection,
        "org.freedesktop.Notifications",
        "/org/freedesktop/Notifications",
        "org.freedesktop.Notifications",
    )
    .await
    .expect("a proxy");
    let mut pressed = proxy.receive_signal("ActionInvoked").await.expect("signals");
    let hints = std::collections::HashMap::<String, zbus::wire::OwnedVariant>::new();
    let arguments = ("app", 0_u32, "", "Title", "Text", vec!["yes", "Yes"], hints, -1_i32);
    let id: u32 = proxy.call("Notify", &arguments).await.expect("an id");
    let shown = daemon.next().await;
    assert_eq!((shown.id, shown.summary.as_str(), shown.body.as_str()), (id, "Title", "Text"));
    assert_eq!(shown.actions, [("yes".to_owned(), "Yes".to_owned())]);
    daemon.press(id, "yes").await;
    let signal = futures_util::StreamExt::next(&mut pressed).await.expect("a signal");
    assert_eq!(signal.body().deserialize::<(u32, String)>().expect("its body"), (id, "yes".to_owned()));
}

#[tokio::test]
async fn a_bus_that_dies_takes_its_connections_along_and_can_come_back() {
    let mut bus = PrivateBus::start().await;
    let connection = bus.connect().await;
    bus.kill().await;
    connection.closed().await;
    bus.revive().await;
    assert!(!bus.connect().await.is_closed());
}

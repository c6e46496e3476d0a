//! The icon of each state. Icons differ in shape as well as in colour: the grille is raised,
//! half way, down, or barred with a mark.

use crate::control::ProxyState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Running,
    Busy,
    Stopped,
    Failed,
}

/// A picture in one size: rows of red, green, blue, alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub rgba: Vec<u8>,
}

/// The bytes of `icons/png/NAME-SIZE.png`, for each of these sizes.
macro_rules! pictures {
    ($name:literal: $($size:literal)+) => {
        &[$(include_bytes!(concat!("../../icons/png/", $name, "-", $size, ".png"))),+]
    };
}

impl Icon {
    pub const fn of(state: ProxyState) -> Self {
        match state {
            ProxyState::Running => Self::Running,
            ProxyState::Starting | ProxyState::Draining => Self::Busy,
            ProxyState::Stopped => Self::Stopped,
            ProxyState::Failed => Self::Failed,
        }
    }

    /// The same picture in every size a panel may want.
    #[cfg(not(target_os = "macos"))]
    pub fn in_all_sizes(self) -> Vec<Pixels> {
        let pictures: &[&[u8]] = match self {
            Self::Running => pictures!("running": 16 22 24 32 48 64),
            Self::Busy => pictures!("busy": 16 22 24 32 48 64),
            Self::Stopped => pictures!("stopped": 16 22 24 32 48 64),
            Self::Failed => pictures!("failed": 16 22 24 32 48 64),
        };
        pictures.iter().filter_map(|png| decode(png)).collect()
    }

    /// Black on a transparent ground, for the macOS menu bar.
    #[cfg(target_os = "macos")]
    pub fn template(self) -> Option<Pixels> {
        let pictures: &[&[u8]; 1] = match self {
            Self::Running => pictures!("running-template": 44),
            Self::Busy => pictures!("busy-template": 44),
            Self::Stopped => pictures!("stopped-template": 44),
            Self::Failed => pictures!("failed-template": 44),
        };
        decode(pictures[0])
    }
}

/// `None` unless the picture is as `packaging/icons` writes it: RGBA, eight bits a channel.
fn decode(png: &[u8]) -> Option<Pixels> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut rgba).ok()?;
    rgba.truncate(frame.buffer_size());
    let is_rgba = (frame.color_type, frame.bit_depth) == (png::ColorType::Rgba, png::BitDepth::Eight);
    is_rgba.then_some(Pixels { width: frame.width, height: frame.height, rgba })
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_picture_in_every_size_and_no_two_are_alike() {
        let icons = [Icon::Running, Icon::Busy, Icon::Stopped, Icon::Failed];
        let pictures = icons.map(Icon::in_all_sizes);
        for sizes in &pictures {
            let widths: Vec<_> = sizes.iter().map(|pixels| (pixels.width, pixels.height)).collect();
            assert_eq!(widths, [16, 22, 24, 32, 48, 64].map(|size| (size, size)));
        }
        for (one, another) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            assert!(differs_without_colour(&pictures[one][0], &pictures[another][0]), "{one} and {another}");
        }
    }

    /// Whether at least a sixteenth of the smallest pictures is light in one and dark in the other.
    fn differs_without_colour(one: &Pixels, another: &Pixels) -> bool {
        let is_light = |pixel: &[u8]| pixel.iter().map(|&channel| u32::from(channel)).sum::<u32>() > 765;
        let pairs = one.rgba.chunks_exact(4).zip(another.rgba.chunks_exact(4));
        pairs.filter(|(one, another)| is_light(one) != is_light(another)).count() * 16 >= 16 * 16
    }
}

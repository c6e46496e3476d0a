//! Measurements of several targets over several rounds, and the medians that are left of them.

/// What the load is pointed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// The mock upstream itself.
    Direct,
    /// L.
    Bare,
    Portcullis,
}

impl Target {
    pub const ALL: [Self; 3] = [Self::Direct, Self::Bare, Self::Portcullis];
    pub const PROXIES: [Self; 2] = [Self::Bare, Self::Portcullis];
}

/// One value per target, where there is one.
#[derive(Clone, Copy, Default)]
pub struct Values {
    pub direct: Option<f64>,
    pub bare: Option<f64>,
    pub portcullis: Option<f64>,
    /// Portcullis to L, compared within each round: what disturbs a round disturbs both.
    pub ratio: Option<f64>,
    /// Where the ratios of the middle half of the rounds lie; none of a single round.
    pub ratio_spread: Option<(f64, f64)>,
}

impl Values {
    fn of(direct: Vec<f64>, bare: Vec<f64>, portcullis: Vec<f64>) -> Self {
        let ratios: Vec<f64> =
            bare.iter().zip(&portcullis).filter_map(|(&bare, &portcullis)| ratio(portcullis, bare)).collect();
        let rounds = ratios.len();
        let quartiles = percentile(ratios.clone(), 0.25).zip(percentile(ratios.clone(), 0.75));
        Self {
            direct: percentile(direct, 0.5),
            bare: percentile(bare, 0.5),
            portcullis: percentile(portcullis, 0.5),
            ratio: percentile(ratios, 0.5),
            ratio_spread: quartiles.filter(|_| rounds > 1),
        }
    }
}

/// None where a ratio means nothing: noise can make what a proxy adds negative.
fn ratio(portcullis: f64, bare: f64) -> Option<f64> {
    (bare > 0.0 && portcullis >= 0.0).then(|| portcullis / bare)
}

/// What each target showed, a measurement per round.
pub struct Rounds<M> {
    direct: Vec<M>,
    bare: Vec<M>,
    portcullis: Vec<M>,
}

impl<M> Rounds<M> {
    pub fn new() -> Self {
        Self { direct: Vec::new(), bare: Vec::new(), portcullis: Vec::new() }
    }

    pub fn push(&mut self, target: Target, measurement: M) {
        match target {
            Target::Direct => self.direct.push(measurement),
            Target::Bare => self.bare.push(measurement),
            Target::Portcullis => self.portcullis.push(measurement),
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &M> {
        self.direct.iter().chain(&self.bare).chain(&self.portcullis)
    }

    pub fn medians(&self, value: impl Fn(&M) -> Option<f64>) -> Values {
        let over = |measurements: &[M]| measurements.iter().filter_map(&value).collect();
        Values::of(over(&self.direct), over(&self.bare), over(&self.portcullis))
    }

    /// What a proxy adds to the way without one, compared within each round.
    pub fn added(&self, value: impl Fn(&M) -> f64) -> Values {
        let over = |measurements: &[M]| {
            let pairs = measurements.iter().zip(&self.direct);
            pairs.map(|(proxied, direct)| value(proxied) - value(direct)).collect()
        };
        Values::of(Vec::new(), over(&self.bare), over(&self.portcullis))
    }
}

/// The value below which `share` of the values lie; none of an empty list.
pub fn percentile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let position = last as f64 * share;
    let (lower, upper) = (values[index(position.floor())], values[index(position.ceil())]);
    Some(lower + (upper - lower) * position.fract())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number, not negative")]
fn index(position: f64) -> usize {
    position as usize
}

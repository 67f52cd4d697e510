//! The functions that workers run, by name: [`Registry`].

use std::collections::BTreeMap;
use std::fmt;

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

/// The functions that a worker can run, by name. Built the same way in this program and in its
/// workers, since they are the same program: see [`worker_main`](super::worker_main).
///
/// ```
/// let registry = hob::process::Registry::new()
///     .job("length", |text: String| text.len())
///     .job("sum", |numbers: Vec<f64>| numbers.iter().sum::<f64>());
/// assert_eq!(registry.names().collect::<Vec<_>>(), ["length", "sum"]);
/// ```
#[derive(Default)]
pub struct Registry {
    jobs: BTreeMap<String, Box<Job>>,
}

/// From JSON to JSON; the error says which of the two failed.
type Job = dyn Fn(&[u8]) -> Result<Vec<u8>, String>;

impl Registry {
    /// Without any function.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds `function` under `name`.
    ///
    /// What goes in and out is any type of serde's; it travels as JSON. So floats that are no
    /// numbers (NaN) do not arrive, and long byte strings are better handed over as a file.
    ///
    /// # Panics
    /// If there is a function of that name already.
    #[track_caller]
    pub fn job<Req, Resp>(
        mut self,
        name: impl Into<String>,
        function: impl Fn(Req) -> Resp + 'static,
    ) -> Registry
    where
        Req: DeserializeOwned,
        Resp: Serialize,
    {
        let job = move |request: &[u8]| {
            let request = serde_json::from_slice(request)
                .map_err(|error| format!("the worker cannot decode the request: {error}"))?;
            let answer = function(request);
            serde_json::to_vec(&answer)
                .map_err(|error| format!("the worker cannot encode the answer: {error}"))
        };
        let name = name.into();
        assert!(
            !self.jobs.contains_key(&name),
            "the registry has a job `{name}` already"
        );
        self.jobs.insert(name, Box::new(job));
        self
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.jobs.keys().map(String::as_str)
    }

    /// Runs the function `name`; `None` if there is none.
    pub(super) fn run(&self, name: &str, request: &[u8]) -> Option<Result<Vec<u8>, String>> {
        self.jobs.get(name).map(|job| job(request))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

//! From what was typed to what can be carried out: texts become validated settings, and everything
//! that is wrong with a command line is reported at once. What a value looks like is decided in
//! [`super::values`].
//!
//! * [`token`], [`headers`], [`proxy`], [`schema`](mod@schema): single settings that come from several
//!   places;
//! * [`problems`]: collects what is wrong; [`origin`]: where an invalid value comes from; [`switch`]: options that are turned on and off;
//! * [`look`](mod@look): how progress is shown;
//! * [`target`]: the database and the base URL, which every client needs; [`remote`]: the server and how
//!   it is reached;
//! * [`databases`]: the databases that `--db` names, where it names several;
//! * [`stage`](mod@stage): the part of the upload; [`job_system`]: the shard of a job;
//! * [`upload`](mod@upload), [`uploads`](mod@uploads), [`clone`](mod@clone), [`comparison`](mod@comparison),
//!   `serve`: the settings of a subcommand; `database`: where the server's data is.

mod changes;
mod clone;
mod comparison;
#[cfg(feature = "postgres")]
mod database;
mod databases;
mod headers;
mod job_system;
mod look;
mod origin;
mod problems;
mod proxy;
mod remote;
mod schema;
#[cfg(feature = "serve")]
mod serve;
mod stage;
mod switch;
mod target;
mod token;
mod upload;
mod uploads;

pub(super) use clone::clone;
pub(super) use comparison::comparison;
pub(super) use databases::names_several;
pub(super) use look::look;
pub(super) use problems::flag;
pub(super) use schema::{described, meant, schema};
#[cfg(feature = "serve")]
pub(super) use serve::{DEFAULT_DATA, DEFAULT_LISTEN, DEFAULT_SHUTDOWN_DELAY, ServeSettings, serve, store};
pub(super) use stage::stage;
pub(super) use target::Settings;
pub(super) use token::{TOKEN_VARIABLE, has_token_variable};
pub(super) use upload::upload;
pub(super) use uploads::{SeveralSettings, uploads};

//! The page (contract 4.1): what arrives, as a person sees it.
//!
//! [`document`] is `GET /`: one document, which holds no data; its parts are `page.html`, `page.css` and the
//! scripts. [`events`] is `GET /events`: the data, as server-sent events. [`watch`] reads the store once a
//! second while there are subscribers, and not at all while there are none; [`view`] is what a subscriber is
//! shown, and [`sections`] the JSON of it. `share` tells the other servers of a database what this one has
//! been doing. What clients have been doing is counted in [`super::activity`].

mod document;
mod events;
mod sections;
#[cfg(feature = "postgres")]
mod share;
mod view;
mod watch;

pub(super) use document::document;
pub(super) use events::events;
pub(super) use watch::Page;

//! Why a command was not carried out: a list of [`Failure`]s, since everything that is wrong with a
//! command line is reported at once. How it is printed is decided in [`super::output`].

use crate::cloneup::Failure;

/// One failure or several; made from anything that a [`Failure`] is made from, so that `?` works.
#[derive(Debug)]
pub(super) struct Failures(pub(super) Vec<Failure>);

impl<F: Into<Failure>> From<F> for Failures {
    fn from(failure: F) -> Self {
        Self(vec![failure.into()])
    }
}

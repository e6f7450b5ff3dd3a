//! The shard that a job system gives to a job, from its environment (contract 3.7, `--shard auto`). Other
//! ways to name a shard are in [`super::stage`](mod@super::stage).

use crate::mutation::Shard;

/// The variables by which a job system tells a job its number.
struct JobSystem {
    name: &'static str,
    /// The variable of the job's number.
    index: &'static str,
    base: Base,
    /// The variable of the number of jobs, where the system has one.
    count: Option<&'static str>,
}

/// How a job's number is counted.
enum Base {
    Zero,
    One,
    /// From the number in the first variable, in steps of the number in the second one.
    Variables(&'static str, &'static str),
}

const SYSTEMS: [JobSystem; 8] = [
    JobSystem { name: "GitLab", index: "CI_NODE_INDEX", base: Base::One, count: Some("CI_NODE_TOTAL") },
    JobSystem {
        name: "CircleCI",
        index: "CIRCLE_NODE_INDEX",
        base: Base::Zero,
        count: Some("CIRCLE_NODE_TOTAL"),
    },
    JobSystem {
        name: "Buildkite",
        index: "BUILDKITE_PARALLEL_JOB",
        base: Base::Zero,
        count: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
    },
    JobSystem {
        name: "Bitbucket",
        index: "BITBUCKET_PARALLEL_STEP",
        base: Base::Zero,
        count: Some("BITBUCKET_PARALLEL_STEP_COUNT"),
    },
    JobSystem {
        name: "AWS Batch",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        base: Base::Zero,
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    JobSystem {
        name: "Cloud Run",
        index: "CLOUD_RUN_TASK_INDEX",
        base: Base::Zero,
        count: Some("CLOUD_RUN_TASK_COUNT"),
    },
    JobSystem {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        base: Base::Variables("SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    JobSystem { name: "Kubernetes", index: "JOB_COMPLETION_INDEX", base: Base::Zero, count: None },
];

/// The values of the environment; an empty one is given as such.
type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

/// The shard that the environment names; with `of`, it names the number of the shard alone.
///
/// # Errors
/// The rest of a sentence that begins with "shard".
pub(super) fn shard(of: Option<u32>, variables: Variables<'_>) -> Result<Shard, String> {
    let (mut whole, mut half) = (Vec::new(), Vec::new());
    for system in &SYSTEMS {
        let needed = system.variables(of.is_none());
        let is_set = |name: &&&str| variables(name).is_some_and(|value| !value.trim().is_empty());
        let missing: Vec<&str> = needed.iter().filter(|name| !is_set(name)).copied().collect();
        let has_count = of.is_some() || system.count.is_some();
        if missing.is_empty() && has_count {
            whole.push((system, system.shard(of, variables)?));
        } else if needed.iter().any(|name| variables(name).is_some()) {
            half.push((system, missing));
        }
    }
    match (whole.as_slice(), half.first()) {
        ([(_, shard)], _) => Ok(*shard),
        ([(first, shard), rest @ ..], _) => match rest.iter().find(|(_, other)| other != shard) {
            None => Ok(*shard),
            Some((second, other)) => Err(format!(
                "is {shard} by {} ({}) and {other} by {} ({}): name it as I/N",
                first.index, first.name, second.index, second.name
            )),
        },
        ([], Some((system, missing))) => Err(system.incomplete(missing)),
        ([], None) => Err(nothing_found(of.is_none())),
    }
}

impl JobSystem {
    /// The variables that name a shard, the number of shards among them if it is wanted.
    fn variables(&self, with_count: bool) -> Vec<&'static str> {
        let mut names = vec![self.index];
        if let Base::Variables(first, step) = self.base {
            names.extend([first, step]);
        }
        names.extend(self.count.filter(|_| with_count));
        names
    }

    /// The shard, where all variables are set.
    fn shard(&self, of: Option<u32>, variables: Variables<'_>) -> Result<Shard, String> {
        let number = |name: &str| {
            let text = variables(name).unwrap_or_default();
            let is_number = text.trim().bytes().all(|byte| byte.is_ascii_digit());
            let number = text.trim().parse::<u32>().ok().filter(|_| is_number);
            number.ok_or_else(|| format!("cannot be {text:?}, the value of {name} ({})", self.name))
        };
        let number_of = |count: Option<&str>| count.map_or(Ok(0), number);
        let of = of.map_or_else(|| number_of(self.count), Ok)?;
        let given = number(self.index)?;
        let index = match self.base {
            Base::Zero => given.checked_add(1),
            Base::One => Some(given),
            Base::Variables(first, step) => {
                let (first, step) = (number(first)?, number(step)?);
                let offset = given.checked_sub(first).filter(|offset| offset.is_multiple_of(step));
                offset.and_then(|offset| (offset.checked_div(step)?).checked_add(1))
            }
        };
        index.and_then(|index| Shard::new(index, of).ok()).ok_or_else(|| {
            let names = self.variables(true);
            let values = names.iter().filter_map(|name| Some(format!("{name}={}", variables(name)?)));
            let values = values.collect::<Vec<_>>().join(" ");
            format!("is out of range: {values} ({}) names no shard of {of}", self.name)
        })
    }

    /// The message for variables of which only some are set.
    fn incomplete(&self, missing: &[&str]) -> String {
        if missing.is_empty() {
            return format!(
                "has no number of shards: {} ({}) names the shard alone, so use auto/N",
                self.index, self.name
            );
        }
        let (missing, all) = (missing.join(", "), self.variables(true).join(", "));
        format!("cannot be found: {missing} is not set ({} sets {all})", self.name)
    }
}

/// The message for an environment without any of the variables.
fn nothing_found(with_count: bool) -> String {
    let names = SYSTEMS.iter().map(|system| {
        let hint = if with_count && system.count.is_none() { ", with auto/N" } else { "" };
        format!("{} ({}{hint})", system.variables(with_count).join(", "), system.name)
    });
    format!("cannot be found: no job system has set its variables: {}", names.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(of: Option<u32>, variables: &[(&str, &str)]) -> Result<(u32, u32), String> {
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        shard(of, &value).map(|shard| (shard.index(), shard.of()))
    }

    const SLURM: [&str; 4] =
        ["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"];

    fn slurm(values: [&'static str; 4]) -> [(&'static str, &'static str); 4] {
        std::array::from_fn(|place| (SLURM[place], values[place]))
    }

    #[test]
    fn every_job_system_names_its_first_and_its_last_shard() {
        for (index, count, first) in [
            ("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
            ("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
            ("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
            ("BITBUCKET_PARALLEL_STEP", "BITBUCKET_PARALLEL_STEP_COUNT", 0),
            ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", 0),
            ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", 0),
        ] {
            for place in 0..8 {
                let given = (first + place).to_string();
                let shard = Ok((place + 1, 8));
                assert_eq!(found(None, &[(index, &given), (count, "8")]), shard, "{index}");
                assert_eq!(found(Some(8), &[(index, &given)]), shard, "{index}");
            }
            for outside in [first + 8, first + 9, u32::MAX, first.wrapping_sub(1)] {
                let message = found(None, &[(index, &outside.to_string()), (count, "8")]).unwrap_err();
                assert!(message.contains(index) && message.contains(count), "{message}");
            }
        }
        assert_eq!(found(Some(3), &[("JOB_COMPLETION_INDEX", "2")]), Ok((3, 3)));
    }

    #[test]
    fn a_slurm_array_may_begin_anywhere_and_have_steps() {
        for (values, expected) in [
            (["1", "1", "1", "8"], (1, 8)),
            (["8", "1", "1", "8"], (8, 8)),
            (["0", "0", "1", "8"], (1, 8)),
            (["14", "0", "2", "8"], (8, 8)),
            (["25", "10", "5", "4"], (4, 4)),
        ] {
            assert_eq!(found(None, &slurm(values)), Ok(expected), "{values:?}");
        }
        // An irregular array (1,2,9), a task between two steps, and impossible values.
        for values in [["9", "1", "1", "3"], ["3", "0", "2", "8"], ["0", "1", "1", "8"], ["1", "1", "0", "8"]]
        {
            let message = found(None, &slurm(values)).unwrap_err();
            assert!(SLURM.iter().all(|name| message.contains(name)), "{message}");
        }
    }

    #[test]
    fn what_is_not_there_or_no_number_is_named() {
        for (variables, named) in [
            (vec![], "CI_NODE_INDEX, CI_NODE_TOTAL (GitLab); CIRCLE_NODE_INDEX"),
            (vec![("CI_NODE_INDEX", "1")], "CI_NODE_TOTAL is not set"),
            (vec![("CI_NODE_TOTAL", "4")], "CI_NODE_INDEX is not set"),
            (vec![("CI_NODE_INDEX", ""), ("CI_NODE_TOTAL", "4")], "CI_NODE_INDEX is not set"),
            (vec![("CI_NODE_INDEX", " "), ("CI_NODE_TOTAL", "")], "CI_NODE_INDEX, CI_NODE_TOTAL is not set"),
            (vec![("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "x")], "\"x\", the value of CI_NODE_TOTAL"),
            (vec![("CI_NODE_INDEX", "+1"), ("CI_NODE_TOTAL", "4")], "\"+1\", the value of CI_NODE_INDEX"),
            (vec![("CI_NODE_INDEX", "-1"), ("CI_NODE_TOTAL", "4")], "\"-1\", the value of CI_NODE_INDEX"),
            (vec![("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "0")], "CIRCLE_NODE_TOTAL=0"),
            (vec![("JOB_COMPLETION_INDEX", "0")], "use auto/N"),
            (vec![("SLURM_ARRAY_TASK_ID", "1")], "SLURM_ARRAY_TASK_MIN, SLURM_ARRAY_TASK_STEP"),
        ] {
            let message = found(None, &variables).unwrap_err();
            assert!(message.contains(named), "{variables:?}: {message}");
        }
        let message = found(Some(8), &[("CI_NODE_TOTAL", "8")]).unwrap_err();
        assert!(message.contains("JOB_COMPLETION_INDEX (Kubernetes)"), "{message}");
    }

    #[test]
    fn job_systems_that_disagree_are_named_and_half_a_system_is_no_other() {
        let circle = [("CIRCLE_NODE_INDEX", "1"), ("CIRCLE_NODE_TOTAL", "4")];
        // GitLab sets the number of jobs in every job.
        let within = |index| [&circle[..], &[("CI_NODE_TOTAL", "4"), ("CI_NODE_INDEX", index)]].concat();
        assert_eq!(found(None, &[&circle[..], &[("CI_NODE_TOTAL", "1")]].concat()), Ok((2, 4)));
        assert_eq!(found(None, &within("2")), Ok((2, 4)));
        let message = found(None, &within("3")).unwrap_err();
        assert!(message.contains("CIRCLE_NODE_INDEX") && message.contains("CI_NODE_INDEX"), "{message}");
    }
}

//! The modules of a crate, and the circles among neighbours: modules with the same parent, each taken with all below it.
//!
//! A child may use what its parent gives it, and a parent its children: they are one room. What a parent only passes
//! on counts as its neighbour's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{
    Arrows,
    module::{Module, Segments},
};

/// Every module of a crate by its place below the root.
pub(super) struct Tree(BTreeMap<Segments, Module>);

impl Tree {
    /// Reads the crate whose sources are in this directory; its library and its binary are one tree.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn read(sources: &Path) -> Result<Self> {
        let mut modules = BTreeMap::new();
        let mut root = Module::default();
        for name in ["lib.rs", "main.rs"] {
            let path = sources.join(name);
            if path.is_file() {
                let Module { children, paths, imports } = parse(&path)?;
                root.children.extend(children);
                root.paths.extend(paths);
                root.imports.extend(imports);
            }
        }
        let mut open: Vec<Segments> = root.children.iter().map(|child| vec![child.clone()]).collect();
        modules.insert(Segments::new(), root);
        while let Some(place) = open.pop() {
            let module = parse(&file(sources, &place))?;
            open.extend(module.children.iter().map(|child| joined(&place, child)));
            modules.insert(place, module);
        }
        Ok(Self(modules))
    }

    /// Each circle as `a -> b -> a`, with the directory it is in.
    pub(super) fn circles(&self) -> Vec<String> {
        let mut arrows: BTreeMap<Segments, Arrows> = BTreeMap::new();
        for (from, module) in &self.0 {
            for path in &module.paths {
                let Some(to) = self.resolve(from, path, 0) else { continue };
                let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                if let (Some(own), Some(other)) = (from.get(shared), to.get(shared)) {
                    let among = arrows.entry(from[..shared].to_vec()).or_default();
                    among.entry(own.clone()).or_default().insert(other.clone());
                }
            }
        }
        arrows
            .iter()
            .filter_map(|(parent, among)| Some(format!("{}: {}", shown(parent), circle(among)?.join(" -> "))))
            .collect()
    }

    /// The module that a path written in `from` leads to, `None` for what is of another crate.
    fn resolve(&self, from: &Segments, path: &[String], hops: usize) -> Option<Segments> {
        let (mut at, rest) = self.begin(from, path)?;
        for (index, name) in rest.iter().enumerate() {
            let child = joined(&at, name);
            if self.0.contains_key(&child) {
                at = child;
                continue;
            }
            // Passed on: what counts is where it comes from.
            let imports = &self.0[&at].imports;
            let passed = imports.iter().find(|(known, _)| known == name && hops < self.0.len());
            if let Some((_, source)) = passed.filter(|_| &at != from) {
                let source: Segments = source.iter().chain(&rest[index + 1..]).cloned().collect();
                return self.resolve(&at, &source, hops + 1).or(Some(at));
            }
            break;
        }
        Some(at)
    }

    fn begin<'path>(&self, from: &Segments, path: &'path [String]) -> Option<(Segments, &'path [String])> {
        let first = path.first()?;
        if self.0.contains_key(&joined(from, first)) {
            return Some((from.clone(), path));
        }
        match first.as_str() {
            "crate" => Some((Segments::new(), &path[1..])),
            "self" => Some((from.clone(), &path[1..])),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                Some((from[..from.len().checked_sub(ups)?].to_vec(), &path[ups..]))
            }
            _ => None,
        }
    }
}

fn parse(path: &Path) -> Result<Module> {
    let source = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    Module::parse(&source).with_context(|| path.display().to_string())
}

fn file(sources: &Path, place: &Segments) -> PathBuf {
    let directory = place.iter().fold(sources.to_path_buf(), |path, name| path.join(name));
    let inside = directory.join("mod.rs");
    if inside.is_file() { inside } else { directory.with_extension("rs") }
}

fn joined(place: &Segments, child: &str) -> Segments {
    place.iter().cloned().chain([child.to_owned()]).collect()
}

fn shown(parent: &Segments) -> String {
    if parent.is_empty() { "crate".to_owned() } else { parent.join("::") }
}

/// A way along the arrows that comes back to where it began.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|from| walk(from, arrows, &mut Vec::new(), &mut done))
}

fn walk(
    at: &str,
    arrows: &Arrows,
    way: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(begin) = way.iter().position(|step| step == at) {
        return Some(way[begin..].iter().cloned().chain([at.to_owned()]).collect());
    }
    if done.contains(at) {
        return None;
    }
    way.push(at.to_owned());
    let found = arrows.get(at).into_iter().flatten().find_map(|next| walk(next, arrows, way, done));
    way.pop();
    done.insert(at.to_owned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let place =
            |name: &str| name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Tree(files.iter().map(|(name, source)| (place(name), Module::parse(source).unwrap())).collect())
    }

    #[test]
    fn neighbours_that_need_each_other_are_a_circle() {
        let files = [("", "mod a; mod b;"), ("a", "use crate::b::B;"), ("b", "fn f() { super::a::g() }")];
        assert_eq!(tree(&files).circles(), ["crate: a -> b -> a"]);
    }

    #[test]
    fn a_circle_is_found_through_what_a_parent_passes_on_and_through_what_lies_below() {
        let files = [
            ("", "mod a; mod b; pub use a::A;"),
            ("a", "use super::b;"),
            ("b", "mod c;"),
            ("b::c", "use crate::{A as Other};"),
        ];
        assert_eq!(tree(&files).circles(), ["crate: a -> b -> a"]);
    }

    #[test]
    fn parent_and_child_are_one_room_and_a_test_may_look_at_anything() {
        let files = [
            ("", "mod a; mod b;"),
            ("a", "mod c; use c::C; struct A;"),
            ("a::c", "use super::A; use crate::b::B;"),
            ("b", "#[cfg(test)] mod tests { use crate::a::A; }"),
        ];
        assert_eq!(tree(&files).circles(), Vec::<String>::new());
    }
}

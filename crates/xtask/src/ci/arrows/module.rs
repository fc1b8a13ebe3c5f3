//! What one source file names: its child modules, what it takes from where, and what it passes on.

use anyhow::{Context, Result};
use syn::{
    Attribute, File, ImplItem, Item, ItemMod, ItemUse, UseTree, Visibility,
    visit::{self, Visit},
};

/// The segments of a path, as they are written.
pub(super) type Segments = Vec<String>;

/// One source file. Code under `#[cfg(test)]` is left out: a test may look at anything.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) children: Vec<String>,
    /// Every path that the file names, imports spelled out.
    pub(super) paths: Vec<Segments>,
    /// Names that the file imports, and may so pass on to others.
    pub(super) imports: Vec<(String, Segments)>,
}

impl Module {
    /// Reads Rust source.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn parse(source: &str) -> Result<Self> {
        let file: File = syn::parse_str(source).context("read Rust source")?;
        let mut module = Self::default();
        module.visit_file(&file);
        Ok(module)
    }

    fn import(&mut self, tree: &UseTree, before: &Segments) {
        let with =
            |name: &dyn ToString| before.iter().cloned().chain([name.to_string()]).collect::<Segments>();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            UseTree::Name(name) if name.ident == "self" => {
                let own = before.last().cloned().unwrap_or_default();
                self.imported(own, before.clone());
            }
            UseTree::Name(name) => self.imported(name.ident.to_string(), with(&name.ident)),
            UseTree::Rename(name) => self.imported(name.rename.to_string(), with(&name.ident)),
            UseTree::Glob(_) => self.paths.push(before.clone()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before)),
        }
    }

    fn imported(&mut self, name: String, path: Segments) {
        self.paths.push(path.clone());
        self.imports.push((name, path));
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_test) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let tested = matches!(item, ImplItem::Fn(function) if function.attrs.iter().any(is_test));
        if !tested {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_none() {
            self.children.push(item.ident.to_string());
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &Segments::new());
    }

    // `pub(in path)` names no need.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
}

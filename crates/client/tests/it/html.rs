//! As much of HTML as our own pages have, for what a browser reads in them.

/// A form that posts.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) hidden: Vec<(String, String)>,
    /// The form's whole text.
    pub(crate) html: String,
}

/// The form that posts to `action`.
pub(crate) fn form(html: &str, action: &str) -> Option<Form> {
    let marked = format!(r#"action="{action}""#);
    let form = html.split("<form ").skip(1).find(|form| {
        let tag = form.split('>').next().unwrap_or_default();
        tag.contains(r#"method="post""#) && tag.contains(&marked)
    })?;
    let form = form.split("</form>").next()?;
    let hidden = form
        .split("<input ")
        .skip(1)
        .filter_map(|input| input.split('>').next())
        .filter(|tag| tag.contains(r#"type="hidden""#))
        .map(|tag| (attribute(tag, "name").unwrap_or_default(), attribute(tag, "value").unwrap_or_default()))
        .collect();
    Some(Form { hidden, html: form.to_owned() })
}

/// The value of an attribute in a tag.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(r#"{name}=""#))?;
    rest.split('"').next().map(unescaped)
}

/// The text between the tags.
pub(crate) fn text(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let parts: Vec<&str> =
        body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    unescaped(&parts.join(""))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

import CMarkGFM
import Glibc

/// Renders Markdown with GitHub's extensions to HTML that can do nothing.
package enum Markdown {
    private static let registration: Void = cmark_gfm_core_extensions_ensure_registered()

    /// The HTML of `text`; nil if it is beyond ``MarkdownBounds`` or the renderer has no memory.
    ///
    /// cmark-gfm's safe mode drops raw HTML and `javascript:` links. Images become links, so that a page never
    /// loads anything from elsewhere, and links tell nothing of where they were followed from.
    package static func html(from text: String) -> String? {
        guard let extensions = MarkdownBounds(text.utf8).extensions else { return nil }
        _ = registration
        let options = CMARK_OPT_VALIDATE_UTF8
        guard let parser = cmark_parser_new(options) else { return nil }
        defer { cmark_parser_free(parser) }
        for name in extensions {
            if let syntax = cmark_find_syntax_extension(name) { cmark_parser_attach_syntax_extension(parser, syntax) }
        }
        var text = text
        text.withUTF8 { buffer in
            buffer.withMemoryRebound(to: CChar.self) { cmark_parser_feed(parser, $0.baseAddress, $0.count) }
        }
        guard let document = cmark_parser_finish(parser) else { return nil }
        defer { cmark_node_free(document) }
        replaceImages(in: document)
        guard let html = cmark_render_html(document, options, cmark_parser_get_syntax_extensions(parser)) else {
            return nil
        }
        defer { free(html) }
        return relatingLinks(String(cString: html))
    }

    /// Turns each image into a link with the same address and text.
    private static func replaceImages(in document: OpaquePointer) {
        guard let walk = cmark_iter_new(document) else { return }
        var images: [OpaquePointer] = []
        while true {
            let event = cmark_iter_next(walk)
            if event == CMARK_EVENT_DONE { break }
            if event == CMARK_EVENT_ENTER, let node = cmark_iter_get_node(walk),
                cmark_node_get_type(node) == CMARK_NODE_IMAGE
            {
                images.append(node)
            }
        }
        cmark_iter_free(walk)
        for image in images {
            guard let link = cmark_node_new(CMARK_NODE_LINK) else { continue }
            cmark_node_set_url(link, cmark_node_get_url(image))
            while let child = cmark_node_first_child(image) { cmark_node_append_child(link, child) }
            cmark_node_replace(image, link)
            cmark_node_free(image)
        }
    }

    /// Adds `rel` to every link; in rendered text `<` is always escaped, so `<a href=` is a link of the renderer.
    private static func relatingLinks(_ html: String) -> String {
        Text.replacing("<a href=", in: html, with: "<a rel=\"noopener nofollow noreferrer\" href=")
    }
}

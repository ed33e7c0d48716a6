import Foundation
import Mustache

/// The templates of the page, which are in the executable.
package enum PageTemplates {
  /// By name: `page` is the whole, the others are its parts.
  package static let sources: [(name: String, bytes: [UInt8])] = [
    ("page", PackageResources.page_mustache), ("look", PackageResources.look_mustache),
    ("section", PackageResources.section_mustache), ("table", PackageResources.table_mustache),
    ("chart", PackageResources.chart_mustache),
  ]

  /// The page as HTML.
  /// - Throws: where a template is none, which is a mistake of this program's.
  package static func render(_ page: Page) throws -> Data {
    MustacheContentTypes.register(PageEscaping(), named: PageEscaping.name)
    var library = MustacheLibrary()
    for (name, bytes) in sources { try library.register(String(decoding: bytes, as: UTF8.self), named: name) }
    return Data((library.render(page, withTemplate: "page") ?? "").utf8)
  }
}

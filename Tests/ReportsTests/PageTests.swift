import Foundation
import Reports
import Testing

/// The page: templates that hold, and texts that stay texts.
@Suite struct PageTests {
  private let nasty = "</style><script>alert('1')</script> & \"x\"=\"\u{301} \u{202E}\u{0}\u{1B}[31m {{maker}}"

  @Test func everyTemplateEscapes() throws {
    for (name, bytes) in PageTemplates.sources {
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(text.hasPrefix("{{% CONTENT_TYPE: \(PageEscaping.name)}}\n"), "\(name)")
      #expect(!text.contains("{{{") && !text.contains("{{&"), "\(name)")
    }
  }

  @Test func textsAreEscapedByScalars() {
    let escaping = PageEscaping()
    #expect(escaping.escapeText("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;")
    // One character with an accent, and still a quote.
    #expect(escaping.escapeText("\"\u{301}") == "&quot;\u{301}")
    #expect(escaping.escapeText("\u{0}\u{1B}\u{202E}\n\t日本") == "???\n\t日本")
  }

  /// The same text in every place that takes one.
  @Test func nothingFromOutsideIsHTML() throws {
    let chart = LineChart(
      title: nasty, x: Axis(title: nasty), y: Axis(title: nasty),
      series: [.init(name: nasty, points: [(1, 2), (2, 3)]), .init(name: nasty, points: [(1, 2)])])
    let bars = BarChart(
      title: nasty, names: nasty, axis: Axis(title: nasty), groups: [.init(name: nasty, values: [1, 2])],
      series: [nasty, nasty])
    let table = Table(nasty, [nasty, nasty], [[nasty, nasty]], best: 0)
    let section = Section(
      sectionHeading: nasty, remarks: [nasty], facts: [Fact(nasty, nasty)],
      figures: [
        Figure(chart.drawing(), note: nasty, numbers: table), Figure(bars.drawing(), note: nasty, numbers: table),
      ], tables: [table], foldedTables: [table], listings: [Listing(nasty, nasty)])
    let page = Page(
      title: nasty, subtitle: nasty, maker: nasty, chapters: [Chapter(nasty, [section]), Chapter(nasty, [])])
    let html = String(decoding: try PageTemplates.render(page), as: UTF8.self)
    #expect(html.hasPrefix("\n<!DOCTYPE html>") || html.hasPrefix("<!DOCTYPE html>"))
    #expect(!html.contains("<script") && !html.contains("\u{0}") && !html.contains("\u{202E}"))
    #expect(html.ranges(of: "</style>").count == 1)
    // A text that looks like a template is none.
    #expect(html.contains("{{maker}}"))
    // What the page's own attributes are made of has an end: no quote of a text is among them.
    #expect(!html.unicodeScalars.contains("\u{1B}"))
    #expect(html.ranges(of: "&lt;script&gt;").count > 30)
  }

  @Test func whatThereIsNothingOfIsLeftOut() throws {
    let page = Page(
      title: "t", subtitle: "s", maker: "m", chapters: [Chapter("one", [Section(remarks: ["only this"])])])
    let html = String(decoding: try PageTemplates.render(page), as: UTF8.self)
    for tag in ["<nav", "<dl>", "<table", "<svg", "<details", "<h3"] { #expect(!html.contains(tag), "\(tag)") }
    #expect(html.contains("<p>only this</p>"))
  }
}

import Foundation
import TestSupport
import Testing

@Suite struct OptionPageTests {
  /// The page is what the declarations say.
  @Test func docsHaveEveryOption() throws {
    let page = try CaravanCommand.run(["models", "--markdown"])
    #expect(page.status == 0)
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let written = try String(contentsOf: root.appendingPathComponent("docs/options.md"), encoding: .utf8)
    #expect(page.stdout == written, "rewrite it: caravan models --markdown > docs/options.md")
  }
}

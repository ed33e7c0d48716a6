import Foundation
import Sessions
import Storage
import Testing

/// Every way in which files and options can be wrong is an error of its own, and leaves nothing behind.
@Suite struct PreparationErrorTests {
  static let header = "prev_items,next_item,locale\n"
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(_ paths: [String], _ change: (inout PreparationOptions) -> Void = { _ in }) throws {
    var options = PreparationOptions(sessions: paths, out: folder.file("made/ds"))
    change(&options)
    _ = try DatasetPreparation.run(options)
  }

  /// A row as it stands in the file's third line, what is wrong with it, and the text that the message shows.
  static let badRows: [(row: String, defect: RowDefect, text: String)] = [
    ("['A1 'A2'],A3,ES", .blankInItem, "['A1 'A2']"),
    ("['A1', 'A2'],A3,ES", .fieldCount(expected: 3, found: 4), "['A1', 'A2'],A3,ES"),
    ("['A1' 'A2,A3,ES", .noBrackets, "['A1' 'A2"),
    ("['A1' 'A2',ES", .fieldCount(expected: 3, found: 2), "['A1' 'A2',ES"),
    ("['A1' 'A2',A3,ES", .noBrackets, "['A1' 'A2'"),
    ("['A1' 'A2'] 7,A3,ES", .noBrackets, "['A1' 'A2'] 7"),
    ("['A1''A2'],A3,ES", .noSeparator, "['A1''A2']"),
    ("\"['A1',, 'A2']\",A3,ES", .emptyItem, "['A1',, 'A2']"),
    ("['A1' ''],A3,ES", .emptyItem, "['A1' '']"),
    ("['A1' 'A2],A3,ES", .unclosedItem, "['A1' 'A2]"),
    ("['A\\x1'],A3,ES", .blankInItem, "['A\\x1']"),
    ("['A1'],A3\u{0},ES", .blankInItem, "A3?"),
    ("['A1' A2],A3,ES", .itemNotQuoted, "['A1' A2]"),
    ("[A1 'A2'],A3,ES", .itemNotQuoted, "[A1 'A2']"),
    ("[214. 533.],A3,ES", .fractionItem, "[214. 533.]"),
    ("[np.str_('A1') np.str_('A2')],A3,ES", .typedItem, "[np.str_('A1') np.str_('A2')]"),
    ("['A1' ... 'A2'],A3,ES", .ellipsis, "['A1' ... 'A2']"),
    ("[],A3,ES", .emptySession, "[]"),
    (",A3,ES", .emptySession, ",A3,ES"),
    ("['A1'],,ES", .emptyAnswer, "['A1'],,ES"),
    ("['A1'],A 3,ES", .blankInItem, "A 3"),
    ("['A1'],A3,U S", .badLocale, "['A1'],A3,U S"),
    ("['A1'],A3,", .emptyLocale, "['A1'],A3,"),
    ("['A1'],A", .fieldCount(expected: 3, found: 2), "['A1'],A"),
    ("\"['A1'\n 'A2", .unclosedQuote, "\"['A1'"),
    ("\"['A1'\n 'A2']\"x,A3,ES", .strayQuote, "\"['A1'"),
    ("\"['A1'\n 'A2']\",A3,'XX'", .badLocale, "\"['A1'\\n 'A2']\",A3,'XX'"),
  ]

  @Test(arguments: badRows)
  func badRowsAreNamed(_ example: (row: String, defect: RowDefect, text: String)) throws {
    let path = try folder.write(Self.header + "['A1'],A2,ES\n" + example.row, as: "s.csv")
    let row = BadRow(path: path, line: 3, text: example.text, defect: example.defect)
    #expect(throws: SessionsError.unusableRow(row)) { try prepare([path]) }
    #expect(SessionsError.unusableRow(row).description.hasPrefix("\(path):3: "))
    #expect(!SessionsError.unusableRow(row).description.contains("\n"))
    #expect(try folder.names() == ["s.csv"])
  }

  @Test func lineNumbersCountLinesInsideQuotes() throws {
    let path = try folder.write(Self.header + "\"['A1'\n 'A2']\",A3,ES\n\n[],A1,ES\n", as: "s.csv")
    #expect(throws: SessionsError.unusableRow(BadRow(path: path, line: 5, text: "[]", defect: .emptySession))) {
      try prepare([path])
    }
  }

  @Test func invalidUTF8IsFound() throws {
    let path = try folder.write(
      Array(Self.header.utf8) + [0x5b, 0x27, 0xff, 0x27, 0x5d] + Array(",A1,ES".utf8), as: "s.csv")
    let row = BadRow(path: path, line: 2, text: "['\u{fffd}'],A1,ES", defect: .invalidUTF8)
    #expect(throws: SessionsError.unusableRow(row)) { try prepare([path]) }
  }

  @Test func aFileWithoutLinesEndsInsteadOfFillingTheMemory() throws {
    let path = try folder.write(Self.header + String(repeating: "A", count: 3 << 20), as: "s.csv")
    #expect {
      try prepare([path]) { $0.skipsBadRows = true }
    } throws: { error in
      guard case .badRow(let row)? = error as? SessionsError else { return false }
      return row.line == 2 && row.defect == .rowTooLong(limit: 1 << 20) && row.text.count < 100
    }
  }

  @Test func headersAreChecked() throws {
    func check(_ text: String, _ error: SessionsError, name: String = "s.csv") throws {
      let path = try folder.write(text, as: name)
      #expect(throws: error) { try prepare([path]) }
    }
    let path = folder.file("s.csv")
    try check("", .emptyFile(path: path))
    try check(Self.header, .nothingKept(paths: [path], locales: []))
    try check("prev_items,next_item,locale,locale\n", .duplicateColumn(path: path, column: "locale"))
    try check(
      "prev_items,locale\n['A1'],ES\n", .allLeftOut(paths: [path], reasons: ["1 sessions of too few clicks"]))
    try check("prev_items,next_item\n", .nothingKept(paths: [path], locales: []))
    try check(
      "next_item,locale\n",
      .unknownColumns(
        path: path, found: ["next_item", "locale"], isData: false, missing: ["session", "item"],
        suggestion: "session=…,item=…,time=…"))
    let inter = folder.file("s.inter")
    try check(
      "user_id:token\tthing:token\n",
      .unknownColumns(
        path: inter, found: ["user_id", "thing"], isData: false, missing: ["item"], suggestion: "item=…,time=…"),
      name: "s.inter")
    #expect(throws: SessionsError.self) { try prepare([folder.write("a\tb\n", as: "s.inter")]) }
  }

  @Test func unreadableAndUnwritablePlacesAreNamed() throws {
    let good = try folder.write(Self.header + "['A1'],A2,ES\n", as: "s.csv")
    let missing = folder.file("none.csv")
    #expect(throws: SessionsError.unreadable(path: missing, reason: "No such file or directory")) {
      try prepare([missing])
    }
    #expect(throws: SessionsError.unreadable(path: folder.path, reason: "Is a directory")) {
      try prepare([folder.path]) { $0.format = .csv }
    }
    #expect(throws: StorageError.self) { try prepare([good]) { $0.out = good + "/ds" } }
    try prepare([good])
    #expect(throws: StorageError.alreadyExists(path: folder.file("made/ds"))) { try prepare([good]) }
    try prepare([good]) { $0.replacesExisting = true }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("made")) == ["ds"])
  }

  @Test func answersMustGoWithTheTest() throws {
    let good = try folder.write(Self.header + "['A1'],A2,ES\n", as: "s.csv")
    let test = try folder.write("prev_items,locale\n['A1'],ES\n['A2'],FR\n", as: "t.csv")
    func check(_ truth: String, _ error: SessionsError) throws {
      let path = try folder.write("next_item,locale\n" + truth, as: "g.csv")
      #expect(throws: error) {
        try prepare([good]) {
          $0.test = test
          $0.truth = path
          $0.skipsBadRows = true  // does not help: these are no rows to be left out
        }
      }
    }
    let truth = folder.file("g.csv")
    try check("A1,ES\n", .truthRowsDiffer(testPath: test, testRows: 2, truthPath: truth, truthRows: 1))
    try check(
      "A1,ES\nA1,FR\nA1,FR\n", .truthRowsDiffer(testPath: test, testRows: 2, truthPath: truth, truthRows: 3))
    try check(
      "A1,ES\nA1,IT\n",
      .truthLocaleDiffers(
        BadRow(path: truth, line: 3, text: "A1,IT", defect: .localeDiffers), testPath: test, testLine: 3))
    #expect(throws: SessionsError.truthWithoutTest) { try prepare([good]) { $0.truth = truth } }
    #expect(throws: SessionsError.truthTwice(testPath: good)) {
      try prepare([good]) {
        $0.test = good
        $0.truth = truth
      }
    }
  }

  @Test func optionsAreChecked() throws {
    let shops = LocaleNames.amazon.names
    #expect(throws: SessionsError.unknownLocale(text: "XX", known: shops)) { try ShopLocale.parse(list: "ES,XX") }
    #expect(throws: SessionsError.unknownLocale(text: "", known: shops)) { try ShopLocale.parse(list: "ES,") }
    #expect(try ShopLocale.parse(list: "es, IT") == [.es, .it])
    let good = try folder.write(Self.header + "['A1'],A2,ES\n", as: "s.csv")
    for fraction in [-0.1, 1, .nan] {
      #expect(throws: SessionsError.self) { try prepare([good]) { $0.splits.validFraction = fraction } }
    }
    #expect(throws: SessionsError.self) { try prepare([good]) { $0.maxLength = 0 } }
    #expect(throws: SessionsError.unknownLocale(text: "UK", known: ["ES"])) {
      try prepare([good]) { $0.locales = ["UK"] }
    }
    #expect(throws: SessionsError.self) { try prepare([good]) { $0.defaultLocale = "U K" } }
  }
}

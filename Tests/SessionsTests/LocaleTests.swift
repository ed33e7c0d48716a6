import Foundation
import Sessions
import Testing

/// Locales have any name, or there are none.
@Suite struct LocaleTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(
    _ files: [String], to out: String = "ds", _ change: (inout PreparationOptions) -> Void = { _ in }
  ) throws -> PreparedDataset {
    let paths = try files.enumerated().map { try folder.write($1, as: "\(out)\($0).csv") }
    var options = PreparationOptions(sessions: paths, out: folder.file(out))
    options.splits.validFraction = 0
    change(&options)
    return try PreparedDataset(folder: DatasetPreparation.run(options).folder)
  }

  /// A file of one session a locale.
  private func sessions(of locales: [String]) -> String {
    "prev_items,next_item,locale\n" + locales.map { "['A1'],A2,\($0)\n" }.joined()
  }

  private func manifest(_ dataset: PreparedDataset) throws -> String {
    try String(contentsOfFile: dataset.folder + "/dataset.json", encoding: .utf8)
  }

  @Test func namesAreNumberedAsTheyAppear() throws {
    let test = try folder.write("prev_items,next_item,locale\n['A2'],A1,neu\n['A9'],A1,us\n", as: "t.csv")
    let names = ["us", "de-AT", "shop-3", "日本", "US", "de-AT", "fr"]
    let dataset = try prepare([sessions(of: names)]) { $0.test = test }
    #expect(dataset.locales.names == ["us", "de-AT", "shop-3", "日本", "US", "fr", "neu"])
    #expect(dataset.split(.train).map { Array($0.locales) } == [0, 1, 2, 3, 4, 1, 5])
    #expect(dataset.split(.test).map { Array($0.locales) } == [6, 0])
    #expect(dataset.manifest.formatVersion == 2)
    #expect(dataset.manifest.splits["train"]?.sessionsByLocale?["de-AT"] == 2)
    let candidates = dataset.candidates
    #expect(candidates.items(in: [0]) == [1, 2, 3] && candidates.items(in: [5]) == [1, 2])
    #expect(candidates.trainCount(of: 1, in: 1) == 2 && candidates.trainCount(of: 3, in: 0) == 0)
    #expect(candidates.trainCount(of: 1, in: 6) == 0 && candidates.items(in: [6]) == [1, 2])
    #expect(candidates.rowsSeenInTraining(of: nil) == [false, true, true, false])
    #expect(candidates.rowsSeenInTraining(of: [6]) == [false, false, false, false])
  }

  @Test func withoutLocalesNothingMentionsThem() throws {
    let text = "prev_items,next_item\n['A1' 'A2'],A3\n['A2'],A1\n"
    let test = try folder.write("prev_items\n['A4']\n", as: "t.csv")
    let truth = try folder.write("next_item\nA1\n", as: "g.csv")
    let dataset = try prepare([text]) { ($0.test, $0.truth) = (test, truth) }
    #expect(dataset.locales.isEmpty && dataset.split(.train).map { Array($0.locales) } == [.max, .max])
    #expect(try !manifest(dataset).lowercased().contains("locale"))
    let inspection = DatasetInspection(dataset)
    #expect(try !String(decoding: inspection.json(), as: UTF8.self).contains("locale"))
    #expect(inspection.all.products == 4 && inspection.names.isEmpty)
    #expect(dataset.candidates.rowsSeenInTraining(of: nil) == [false, true, true, true, false])
    let named = try prepare([text], to: "named") { $0.defaultLocale = "Graz" }
    #expect(named.locales.names == ["Graz"] && named.fingerprint != dataset.fingerprint)
  }

  /// The names are in the manifest alone, whose own SHA-256 the fingerprint has not.
  @Test func anotherNameIsAnotherFingerprint() throws {
    let one = try prepare([sessions(of: ["a"])], to: "one"), other = try prepare([sessions(of: ["b"])], to: "other")
    #expect(one.manifest.files == other.manifest.files && one.fingerprint != other.fingerprint)
  }

  @Test func someSessionsMayHaveALocaleAndOthersNone() throws {
    let dataset = try prepare(["prev_items,next_item\n['A1'],A2\n", sessions(of: ["ES"])])
    #expect(dataset.manifest.formatVersion == 2 && dataset.locales.names == ["ES"])
    #expect(dataset.split(.train).map { Array($0.locales) } == [.max, 0])
    #expect(dataset.candidates.trainCount(of: 1, in: LocaleNames.none) == 1)
    let kept = try prepare(["prev_items,next_item\n['A1'],A2\n", sessions(of: ["ES"])], to: "kept") {
      $0.locales = ["ES"]
    }
    #expect(kept.split(.train)?.count == 1 && kept.manifest.formatVersion == 1)
  }

  @Test(arguments: [
    "", " ", "a b", "a\u{a0}b", "it's", "a\\b", String(repeating: "x", count: 65), "a\u{202e}b", "\u{7f}",
  ])
  func namesThatAreNone(name: String) throws {
    let path = try folder.write(sessions(of: ["fine", name]), as: "s.csv")
    var options = PreparationOptions(sessions: [path], out: folder.file("ds"))
    do {
      _ = try DatasetPreparation.run(options)
      Issue.record("took '\(name)' for a locale")
    } catch SessionsError.unusableRow(let row) {
      #expect(row.line == 3 && [.badLocale, .emptyLocale].contains(row.defect))
    }
    let truth = try folder.write("next_item,locale\nA1,\(name)\n", as: "g.csv")
    options.sessions = [try folder.write(sessions(of: ["fine"]), as: "f.csv")]
    options.test = try folder.write("prev_items\n['A1']\n", as: "t.csv")
    options.truth = truth
    #expect(throws: SessionsError.self) { try DatasetPreparation.run(options) }
    (options.test, options.truth, options.defaultLocale) = (nil, nil, name)
    #expect(throws: SessionsError.self) { try DatasetPreparation.run(options) }
    #expect(LocaleName.parse(list: "x,\(name)") != ["x", name])
  }

  /// One name, letter and accent together or apart.
  @Test func compositionMakesNoOtherName() throws {
    let dataset = try prepare([sessions(of: ["caf\u{e9}", "cafe\u{301}", "b"])])
    #expect(
      dataset.locales.names == ["caf\u{e9}", "b"] && dataset.split(.train).map { Array($0.locales) } == [0, 0, 1])
    #expect(DatasetInspection(dataset).locales?.count == 2)
  }

  @Test func thereMayBeAsManyAsCodes() throws {
    let names = (0..<65_535).map { "s\($0)" }
    let dataset = try prepare([sessions(of: names)])
    #expect(dataset.locales.names == names && dataset.split(.train)?.locales.last == 65_534)
    #expect(dataset.candidates.trainCount(of: 2, in: 65_534) == 1)
    #expect(DatasetInspection(dataset).largestNames == Array(names.prefix(12)))
    #expect(throws: SessionsError.tooManyLocales) { try prepare([sessions(of: names + ["x"])], to: "more") }
  }

  @Test func optionsNameLocalesInAnyLetters() throws {
    let names = LocaleNames(["US", "de-AT", "de-at", "shop-3"])
    #expect(try names.canonical(["SHOP-3", "us"]) == ["US", "shop-3"])
    #expect(try names.codes(of: []) == nil && names.codes(of: ["de-at"]) == [2])
    #expect(throws: SessionsError.ambiguousLocale(text: "DE-AT", names: ["de-AT", "de-at"])) {
      try names.code(matching: "DE-AT")
    }
    #expect(throws: SessionsError.unknownLocale(text: "FR", known: names.names)) { try names.canonical(["us", "FR"]) }
    let many = SessionsError.unknownLocale(text: "x", known: (0..<12).map { "s\($0)" })
    #expect(many.description.hasSuffix("choose from s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 2 more"))
    #expect(LocaleName.parse(list: "b, a b") == ["b", "a"] && LocaleName.parse(list: "a,,b") == nil)
  }

  @Test func preparingKeepsWhatIsMeant() throws {
    func kept(_ wanted: [String], of names: [String]) throws -> [String] {
      let out = UUID().uuidString
      return try prepare([sessions(of: names)], to: out) { $0.locales = wanted }.locales.names
    }
    #expect(try kept(["SHOP-3", "us"], of: ["us", "x", "shop-3"]) == ["us", "shop-3"])
    #expect(try kept(["fr"], of: ["fr", "FR"]) == ["fr"])
    #expect(try kept(["FR", "fr"], of: ["x", "fr", "FR"]) == ["fr", "FR"])
    #expect(throws: SessionsError.ambiguousLocale(text: "fr", names: ["FR", "Fr"])) {
      try kept(["fr"], of: ["FR", "Fr"])
    }
    #expect(throws: SessionsError.unknownLocale(text: "y", known: ["us", "x"])) {
      try kept(["us", "y"], of: ["us", "x"])
    }
    #expect(throws: SessionsError.unknownLocale(text: "us", known: [])) {
      try prepare(["prev_items,next_item\n['A1'],A2\n"], to: "none") { $0.locales = ["us"] }
    }
    // Version 1 has Amazon's six, wherever they come from.
    #expect(
      try prepare([sessions(of: ["ES"])], to: "es") { $0.locales = ["it", "ES"] }.manifest.options.locales == [
        "ES", "IT",
      ])
  }

  /// The file of answers may have the column, and must then agree with whatever else tells of the locale.
  @Test func answersAgreeWithTheirSessions() throws {
    func locales(_ test: String, _ truth: String, default name: String? = nil) throws -> [UInt16]? {
      let testPath = try folder.write("prev_items\(test.isEmpty ? "" : ",locale")\n['A1']\(test)\n", as: "t.csv")
      let truthPath = try folder.write("next_item\(truth.isEmpty ? "" : ",locale")\nA2\(truth)\n", as: "g.csv")
      let dataset = try prepare([sessions(of: ["fr", "us"])], to: UUID().uuidString) {
        ($0.test, $0.truth, $0.defaultLocale) = (testPath, truthPath, name)
      }
      return dataset.split(.test).map { Array($0.locales) }
    }
    #expect(try locales("", "") == [LocaleNames.none])
    #expect(try locales(",us", "") == [1] && locales(",us", ",us") == [1] && locales(",us", "", default: "fr") == [1])
    #expect(try locales("", "", default: "us") == [1] && locales("", ",us", default: "us") == [1])
    #expect(try locales("", ",us") == [1])
    #expect(throws: SessionsError.self) { try locales(",us", ",fr") }
    #expect(throws: SessionsError.self) { try locales("", ",fr", default: "us") }
  }

  @Test func sessionsOfUnknownLocalesAreAsked() throws {
    let dataset = try prepare([sessions(of: ["us", "fr"])])
    let text = "prev_items,locale\n['A1'],fr\n['A1'],neu\n['A1'],US\n['A1'],neu\n"
    let asked = try TranslatedSessions.read(
      path: folder.write(text, as: "p.csv"), locales: dataset.locales, catalog: dataset.itemIDs, maxLength: 5)
    #expect(Array(asked.table.locales) == [1, .max, .max, .max] && asked.hasLocales)
    #expect((0..<4).map { asked.locale(of: $0) } == ["fr", "neu", "US", "neu"])
    #expect(asked.unknownLocales.names == ["neu", "US"] && asked.unknownLocales.sessions == 3)
    let plain = try TranslatedSessions.read(
      path: folder.write("prev_items\n['A1']\n", as: "q.csv"), locales: dataset.locales, catalog: dataset.itemIDs,
      maxLength: 5)
    #expect(!plain.hasLocales && plain.locale(of: 0) == nil && plain.unknownLocales.sessions == 0)
  }

  @Test func theLargestLinesAreShown() {
    #expect(largestLines([3, 5, 1, 5], most: 2).shown == [1, 3])
    #expect(
      largestLines([3, 5, 3, 1], most: 2).shown == [0, 1] && largestLines([3, 5, 3, 1], most: 2).others == [2, 3])
    #expect(largestLines([Int](repeating: 1, count: 12)).others.isEmpty)
  }
}

import Foundation
import Sessions
import Storage
import Testing

@Suite struct PreparationTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(
    _ text: String, as name: String = "s.csv", to out: String = "ds",
    _ change: (inout PreparationOptions) -> Void = { _ in }
  ) throws -> PreparedDataset {
    var options = PreparationOptions(sessions: [try folder.write(text, as: name)], out: folder.file(out))
    options.splits.validFraction = 0
    change(&options)
    return try PreparedDataset(folder: try DatasetPreparation.run(options).folder)
  }

  /// A split as text: items, answer, locale.
  private func rows(_ split: SessionTable?, of dataset: PreparedDataset) -> [String] {
    guard let split else { return [] }
    return (0..<split.count).map { session in
      let items = split.items(of: session).map { dataset.itemIDs.id(of: $0) }.joined(separator: " ")
      let answer = split.targets[session] == 0 ? "?" : dataset.itemIDs.id(of: split.targets[session])
      return "\(items) -> \(answer) \(dataset.locales.name(of: split.locales[session]) ?? "?")"
    }
  }

  @Test func everyFormOfTheListIsRead() throws {
    let text = """
      \u{feff}prev_items,next_item,locale\r
      ['A1' 'A2'],0042,ES\r
      "['A1', 'A3']",A2,FR\r
      "['A1' 'A1'\r
       'A4']",A5,IT\r
      \r
      ["A1" "A6"],A7,UK\r
      "[""A1"", ""A8""]", A9 ,DE\r
      [ 'A1'  'été' ],B0,JP
      """
    let dataset = try prepare(text)
    #expect(
      rows(dataset.split(.train), of: dataset) == [
        "A1 A2 -> 0042 ES", "A1 A3 -> A2 FR", "A1 A1 A4 -> A5 IT", "A1 A6 -> A7 UK", "A1 A8 -> A9 DE",
        "A1 été -> B0 JP",
      ])
    // Numbered in the order of first appearance.
    let ids = (1...Int32(dataset.itemCount)).map { dataset.itemIDs.id(of: $0) }
    #expect(ids == ["A1", "A2", "0042", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "été", "B0"])
    for (row, id) in ids.enumerated() { #expect(dataset.itemIDs.row(of: id) == Int32(row + 1)) }
    #expect(dataset.itemIDs.row(of: "42") == nil)
    #expect(dataset.split(.valid) == nil && dataset.split(.test) == nil)
  }

  @Test func columnsAreFoundByName() throws {
    let dataset = try prepare("locale,extra,next_item,prev_items\nES,\"a, b\",A2,['A1']\n")
    #expect(rows(dataset.split(.train), of: dataset) == ["A1 -> A2 ES"])
  }

  @Test func interFilesAreRead() throws {
    let text = """
      session_id:token\titem_id_list:token_seq\titem_id:token\titem_locale:token
      1\tA1 A2\t007\tES
      2\tA2\tA3\tJP
      """
    let dataset = try prepare(text, as: "s.inter")
    #expect(rows(dataset.split(.train), of: dataset) == ["A1 A2 -> 007 ES", "A2 -> A3 JP"])
    let untold = "item_id_list:token_seq\titem_id:token\nA1\tA2\n"
    let plain = try prepare(untold, as: "u.inter", to: "plain")
    #expect(rows(plain.split(.train), of: plain) == ["A1 -> A2 ?"])
    let told = try prepare(untold, as: "u.inter", to: "u") { $0.defaultLocale = "FR" }
    #expect(rows(told.split(.train), of: told) == ["A1 -> A2 FR"])
  }

  @Test func rowsCrossTheReadersPieces() throws {
    // More than two windows of text, with rows, quotes and line breaks at every place of their borders.
    var text = "prev_items,next_item,locale\n"
    var expected: [String] = []
    for row in 0..<60_000 {
      let items = (0..<(1 + row % 7)).map { "B\(row % 997)x\($0 * row % 89)" }
      let list = items.map { "'\($0)'" }.joined(separator: row % 3 == 0 ? "\r\n " : " ")
      text += row % 3 == 0 ? "\"[\(list)]\",C\(row),ES\r\n" : "[\(list)],C\(row),IT\n"
      expected.append(items.joined(separator: " ") + " -> C\(row) " + (row % 3 == 0 ? "ES" : "IT"))
    }
    #expect(text.utf8.count > 2_200_000)
    let dataset = try prepare(text)
    #expect(rows(dataset.split(.train), of: dataset) == expected)
  }

  @Test func localesAreFilteredAndLongSessionsCutBeforeNumbering() throws {
    let text = """
      prev_items,next_item,locale
      ['D1' 'D2'],D3,DE
      ['A1' 'A2' 'A3' 'A4'],A5,ES
      ['A4'],A1,FR
      """
    let dataset = try prepare(text) {
      $0.locales = ["es", "FR"]
      $0.maxLength = 2
    }
    #expect(rows(dataset.split(.train), of: dataset) == ["A3 A4 -> A5 ES", "A4 -> A1 FR"])
    #expect(dataset.itemCount == 4)  // no D, and A1 for being an answer
    #expect(dataset.manifest.splits["train"]?.sessionsByLocale == ["ES": 1, "FR": 1])
  }

  @Test func validSplitIsDrawnBySeedInOrder() throws {
    var text = "prev_items,next_item,locale\n"
    for row in 0..<1000 { text += "['S\(row)'],T\(row % 10),UK\n" }
    func split(seed: UInt64, to out: String) throws -> (train: [String], valid: [String], fingerprint: String) {
      let dataset = try prepare(text, to: out) {
        $0.splits.validFraction = 0.1
        $0.seed = seed
      }
      let train = rows(dataset.split(.train), of: dataset)
      return (train, rows(dataset.split(.valid), of: dataset), dataset.fingerprint)
    }
    let first = try split(seed: 1, to: "a")
    #expect(first.valid.count == 100 && first.train.count == 900)
    #expect(Set(first.train).isDisjoint(with: first.valid))
    func number(_ row: String) -> Int { Int(row.dropFirst().prefix { $0 != " " }) ?? -1 }
    #expect(first.valid.map(number) == first.valid.map(number).sorted())
    #expect(first.train.map(number) == first.train.map(number).sorted())
    // All over the file: with 100 of 1000 drawn, a tenth of it without any has a chance of 0.00003.
    #expect(Set(first.valid.map { number($0) / 100 }).count == 10)
    let again = try split(seed: 1, to: "b")
    #expect(again.valid == first.valid && again.fingerprint == first.fingerprint)
    let other = try split(seed: 2, to: "c")
    #expect(other.valid != first.valid && other.fingerprint != first.fingerprint)
  }

  @Test func testSessionsGetTheirAnswers() throws {
    let test = try folder.write("prev_items,locale\n['A2'],ES\n['A9' 'A1'],FR\n", as: "t.csv")
    let truth = try folder.write("next_item,locale\nA1,ES\nN1,FR\n", as: "g.csv")
    let train = "prev_items,next_item,locale\n['A1'],A2,ES\n"
    let dataset = try prepare(train) {
      $0.test = test
      $0.truth = truth
    }
    #expect(rows(dataset.split(.test), of: dataset) == ["A2 -> A1 ES", "A9 A1 -> N1 FR"])
    let unknown = try prepare(train, to: "u") { $0.test = test }
    #expect(rows(unknown.split(.test), of: unknown) == ["A2 -> ? ES", "A9 A1 -> ? FR"])
    #expect(unknown.manifest.splits["test"]?.hasAnswers == false)
  }

  @Test func candidatesCountByLocale() throws {
    let test = try folder.write("prev_items,next_item,locale\n['A1'],N1,IT\n", as: "t.csv")
    let text = "prev_items,next_item,locale\n['A1' 'A1'],A2,ES\n['A2'],A1,FR\n['A3'],A2,FR\n"
    let dataset = try prepare(text) { $0.test = test }
    let candidates = dataset.candidates
    func row(_ id: String) throws -> Int32 { try #require(dataset.itemIDs.row(of: id)) }
    let (es, fr, it) = (ShopLocale.es.code, ShopLocale.fr.code, ShopLocale.it.code)
    #expect(try candidates.items(in: [es]) == [row("A1"), row("A2")])
    #expect(try candidates.trainCount(of: row("A1"), in: es) == 2)
    #expect(try candidates.trainCount(of: row("A1"), in: it) == 0)  // test sessions are not counted
    #expect(try candidates.trainCount(of: row("A2"), in: fr) == 2)
    #expect(try candidates.items(in: [it]) == [row("A1"), row("N1")])
    #expect(try candidates.mostPopular(in: fr, limit: 2) == [row("A2"), row("A1")])
  }

  @Test func badRowsCanBeLeftOut() throws {
    let text = """
      prev_items,next_item,locale
      ['A1'],A2,ES
      "['A1'],A2,ES
      ['A3'],A4,'XX'
      ['A5'],A6,FR
      """
    var options = PreparationOptions(sessions: [try folder.write(text, as: "s.csv")], out: folder.file("ds"))
    options.splits.validFraction = 0
    options.skipsBadRows = true
    let summary = try DatasetPreparation.run(options)
    #expect(summary.notes.badRows.map(\.line) == [3, 4])
    #expect(summary.notes.badRows.map(\.defect) == [.unclosedQuote, .badLocale])
    let dataset = try PreparedDataset(folder: summary.folder)
    #expect(rows(dataset.split(.train), of: dataset) == ["A1 -> A2 ES", "A5 -> A6 FR"])
    #expect(dataset.itemCount == 4)  // nothing of the bad rows was numbered
    #expect(dataset.manifest.options.skippedRows == 2)
  }

  @Test func damagedDataSetsAreRefused() throws {
    let dataset = try prepare("prev_items,next_item,locale\n['A1'],A2,ES\n")
    #expect(throws: SessionsError.notADataset(path: folder.path, isThere: true)) {
      try PreparedDataset(folder: folder.path)
    }
    let items = dataset.folder + "/items.txt"
    try atomicWrite(Data("A1\nA3\n".utf8), to: items)
    #expect {
      try PreparedDataset(folder: dataset.folder)
    } throws: { error in
      if case .checksumDiffers(let path, _, _)? = error as? StorageError { return path == items }
      return false
    }
    try atomicWrite(Data("A1\n".utf8), to: items)
    #expect(throws: SessionsError.malformedDataset(path: items, reason: "it has not 2 lines")) {
      try PreparedDataset(folder: dataset.folder, verify: false)
    }
  }

  @Test func sessionsToPredictForAreTranslated() throws {
    let dataset = try prepare("prev_items,next_item,locale\n['A1' 'A2'],A3,ES\n")
    let path = try folder.write("prev_items,locale\n['A1' 'X' 'A3' 'A2'],ES\n['X'],FR\n", as: "p.csv")
    let sessions = try TranslatedSessions.read(
      path: path, catalog: dataset.itemIDs, maxLength: 2, isKnown: { $0 != 3 })
    #expect(Array(sessions.table.items(of: 0)) == [1, 2])  // without X and A3
    #expect(sessions.table.items(of: 1).isEmpty)
    #expect(sessions.unknownClicks == 3 && sessions.emptySessions == 1 && !sessions.hasAnswers)
    #expect(Array(sessions.table.targets) == [0, 0])
  }

  /// Whatever cannot be read, every row of the file has its session, so that answers go with their rows.
  @Test func badRowsToPredictForKeepTheirPlaces() throws {
    let dataset = try prepare("prev_items,next_item,locale\n['A1' 'A2'],A3,ES\n")
    let text = """
      prev_items,next_item,locale
      ['A1' A2],A3,FR
      [],A3,FR
      ['A1'],,ES
      ['A1'],A3,X\\X
      ['A2']
      ['A1','A2'],A3,IT
      ['A2'],A1,ES
      """
    let path = try folder.write(text, as: "p.csv")
    func read(skips: Bool) throws -> TranslatedSessions {
      try TranslatedSessions.read(
        path: path, locales: dataset.locales, catalog: dataset.itemIDs, maxLength: 50, skipsBadRows: skips)
    }
    #expect(throws: SessionsError.self) { try read(skips: false) }
    let sessions = try read(skips: true)
    #expect((0..<7).map { Array(sessions.table.items(of: $0)) } == [[], [], [1], [], [], [], [2]])
    #expect(sessions.badRows.map(\.line) == [2, 5, 6, 7] && sessions.sessionsWithoutLocale == [3, 4, 5])
    #expect([0, 1, 2, 6].map { sessions.locale(of: $0) } == ["FR", "FR", "ES", "ES"])
    #expect(sessions.emptySessions == 1 && sessions.unknownClicks == 0)
  }
}

/// Lists of items in every spelling are the same items.
@Suite struct ItemListTests {
  @Test(arguments: [
    "['214' '533']", "\"['214', '533']\"", "[214 533]", "\"[214, 533]\"", "\"[\"\"214\"\",\"\"533\"\"]\"", "214 533",
    "\"214,533\"", "\"[214\n 533]\"",
  ]) func everySpellingIsRead(list: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("prev_items,next_item,locale\n\(list),7,ES\n", as: "s.csv")
    let dataset = try PreparedDataset(
      folder: DatasetPreparation.run(PreparationOptions(sessions: [path], out: folder.file("d"))).folder)
    #expect((1...3).map { dataset.itemIDs.id(of: $0) } == ["214", "533", "7"])
  }

  /// Whole sessions without a column of answers: the last item is the answer.
  @Test(arguments: ["prev_items,locale\n['a' 'b' 'c'],ES\n['d'],ES\n", "prev_items;locale\n['a' 'b' 'c'];ES\n"])
  func theLastItemIsTheAnswer(text: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, as: "s.csv")
    let dataset = try PreparedDataset(
      folder: DatasetPreparation.run(PreparationOptions(sessions: [path], out: folder.file("d"))).folder)
    let table = dataset.split(.train)!
    #expect(table.count == 1 && Array(table.items(of: 0)) == [1, 2] && table.targets[0] == 3)
  }
}

/// Prefixes as rows: a row a click.
@Suite struct PrefixRowTests {
  @Test func aRowIsWhatWasSeenAndWhatCameNext() {
    let table = SessionTable(sessions: [[1, 2, 3], [4], [5, 6]], targets: [7, 8, 9], locales: [0, 0, 0])
    let rows = table.prefixRows(of: [2, 0, 1])
    #expect(rows == [4, 5, 0, 1, 2, 3])
    #expect(rows.map { Array(table.clicks(ofPrefix: $0)) } == [[5], [5, 6], [1], [1, 2], [1, 2, 3], [4]])
    #expect(rows.map { table.target(ofPrefix: $0) } == [6, 9, 2, 3, 7, 8])
    #expect((0..<6).map { Array(table.everyClick.items(of: $0)) } == [[1], [1, 2], [1, 2, 3], [4], [5], [5, 6]])
    #expect(Array(table.everyClick.targets) == [2, 3, 7, 8, 6, 9])
  }
}

import Foundation
import Sessions
import Storage
import Testing

/// The valid split is drawn by session: rows that share a session id never stand on both sides.
@Suite struct SessionSplitTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(
    _ paths: [String], to out: String, _ change: (inout PreparationOptions) -> Void = { _ in }
  ) throws -> PreparedDataset {
    var options = PreparationOptions(sessions: paths, out: folder.file(out))
    options.defaultLocale = "ES"
    options.splits.validFraction = 0.3
    change(&options)
    return try PreparedDataset(folder: try DatasetPreparation.run(options).folder)
  }

  /// The sessions of a split, told by their first item: `first` of the tests' rows is the session's number.
  private func sessions(_ split: DatasetSplit, of dataset: PreparedDataset) -> Set<String> {
    guard let table = dataset.split(split) else { return [] }
    return Set((0..<table.count).map { dataset.itemIDs.id(of: table.items(of: $0).first!) })
  }

  /// Every prefix of sessions of 1 to 6 clicks, as a row of its own; ids are not in order.
  private func rows(sessions: Int, csv: Bool) -> [String] {
    (0..<sessions).flatMap { number in
      (0..<1 + number % 6).map { length in
        let items = ["s\(number)"] + (0..<length).map { "x\((number * 7 + $0 * 5) % 50)" }
        let list = csv ? "[\(items.map { "'\($0)'" }.joined(separator: " "))]" : items.joined(separator: " ")
        let separator = csv ? "," : "\t"
        return ["id\(number * 37 % 101)-\(number)", list, "x\((number + length) % 50)"].joined(separator: separator)
      }
    }
  }

  @Test(arguments: [true, false], [1, 7, 2023]) func rowsOfASessionStayTogether(csv: Bool, seed: UInt64) throws {
    let header = csv ? "session_id,prev_items,next_item" : "session_id:token\titem_id_list:token_seq\titem_id:token"
    // Rows of one session need not be neighbours, nor in one file.
    let all = rows(sessions: 120, csv: csv), name = csv ? "csv" : "inter"
    let shuffled = all.indices.sorted { ($0 * 7919 % all.count, $0) < ($1 * 7919 % all.count, $1) }.map { all[$0] }
    let parts = [shuffled.prefix(150), shuffled.dropFirst(150)]
    let paths = try parts.enumerated().map { number, part in
      try folder.write(([header] + part).joined(separator: "\n"), as: "\(number).\(name)")
    }
    let dataset = try prepare(paths, to: "ds") { $0.seed = seed }
    let train = sessions(.train, of: dataset), valid = sessions(.valid, of: dataset)
    #expect(train.isDisjoint(with: valid) && train.union(valid).count == 120 && valid.count == 36)
    #expect(dataset.split(.train)!.count + dataset.split(.valid)!.count == all.count)
    let again = try prepare(paths, to: "again") { $0.seed = seed }
    #expect(again.fingerprint == dataset.fingerprint)
  }

  /// Without ids a row that goes on with the one before it, or the other way round, is the same session's: also where
  /// only the last clicks are kept. A user's rows stay together as well.
  @Test(arguments: [false, true], [50, 3]) func prefixesRowAfterRowStayTogether(falling: Bool, maxLength: Int) throws {
    let rows = (0..<100).flatMap { number -> [String] in
      let clicks = (0..<3 + number % 5).map { "s\(number)-\($0)" }
      let prefixes = (1..<clicks.count).map { "\(clicks[..<$0].joined(separator: " "))\t\(clicks[$0])" }
      return falling ? prefixes.reversed() : prefixes
    }
    let path = try folder.write(
      (["item_id_list:token_seq\titem_id:token"] + rows).joined(separator: "\n"), as: "p.inter")
    let dataset = try prepare([path], to: "prefixes") { $0.maxLength = maxLength }
    func numbers(_ split: DatasetSplit) -> Set<Substring> {
      Set(sessions(split, of: dataset).map { $0.prefix { $0 != "-" } })
    }
    #expect(numbers(.train).isDisjoint(with: numbers(.valid)))
    #expect(numbers(.valid).count == 30 && numbers(.train).count == 70)
  }

  @Test(arguments: ["user_id:token", "SessionId:token", "session:token"])
  func columnsThatTellWhoseARowIs(column: String) throws {
    let rows = (0..<60).map { "id\($0 % 20)\ts\($0 % 20) x\($0)\ty\($0)" }
    let header = column + "\titem_id_list:token_seq\titem_id:token"
    let path = try folder.write(([header] + rows).joined(separator: "\n"), as: "u.inter")
    let dataset = try prepare([path], to: "users")
    #expect(sessions(.train, of: dataset).isDisjoint(with: sessions(.valid, of: dataset)))
    #expect(sessions(.valid, of: dataset).count == 6)
  }

  /// Ids of their own, no ids, and ids that are empty give the split that rows have always had.
  @Test func rowsThatShareNoIDAreDrawnAsBefore() throws {
    let bodies = (0..<200).map { "a\($0) b\($0 % 17)\tc\($0 % 13)" }
    let header = "item_id_list:token_seq\titem_id:token"
    func prints(_ name: String, _ id: (Int) -> String?) throws -> String {
      let lines = bodies.enumerated().map { number, body in (id(number).map { "\($0)\t" } ?? "") + body }
      let head = (id(0) == nil ? "" : "session_id:token\t") + header
      return try prepare([folder.write(([head] + lines).joined(separator: "\n"), as: name + ".inter")], to: name)
        .fingerprint
    }
    let none = try prints("none") { _ in nil }
    #expect(try prints("own") { "\(999 - $0)" } == none)
    #expect(try prints("empty") { _ in "" } == none)
    #expect(try prints("some") { $0 % 2 == 0 ? "" : "\($0)" } == none)
    #expect(try prints("shared") { "\($0 / 2)" } != none)
  }

  /// Of the rows of one session alone nothing can be put aside.
  @Test func oneSessionIsTrainedOn() throws {
    let path = try folder.write(
      "session_id:token\titem_id_list:token_seq\titem_id:token\n1\ta\tb\n1\ta b\tc\n1\ta b c\td\n", as: "one.inter")
    let dataset = try prepare([path], to: "ds") { $0.splits.validFraction = 0.9 }
    #expect(dataset.split(.train)?.count == 3 && dataset.split(.valid) == nil)
  }

  /// What is left out does not count: a locale that is not kept, rows that cannot be used.
  @Test func onlyRowsThatAreKeptAreDrawn() throws {
    let lines = (0..<100).map { "\($0 / 2)\ts\($0 / 2)\tx\($0 % 2 == 0 ? "" : " y")\t\($0 % 4 < 2 ? "ES" : "FR")" }
    let path = try folder.write(
      (["session_id:token\titem_id_list:token_seq\titem_id:token\titem_locale:token"] + lines).joined(separator: "\n"),
      as: "some.inter")
    let dataset = try prepare([path], to: "ds") {
      $0.skipsBadRows = true
      $0.locales = ["ES"]
    }
    // 25 sessions of ES with one row each: the other has a blank in its answer.
    #expect(dataset.split(.train)?.count == 17 && dataset.split(.valid)?.count == 8)
  }
}

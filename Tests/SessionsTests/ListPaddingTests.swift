import Foundation
import Sessions
import Storage
import Testing

/// Zeros that fill lists up to one length are left out, and said to be; an item called 0 stays.
@Suite struct ListPaddingTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(
    _ lists: [String], answers: [String]? = nil, lengths: [String]? = nil, csv: Bool = false,
    _ zeros: ZeroMeaning = .auto
  ) throws -> (lists: [String], found: [ZerosFound]) {
    var text = csv ? "prev_items,next_item" : "item_id_list:token_seq\titem_id:token"
    if lengths != nil { text += "\titem_length:float" }
    for (place, list) in lists.enumerated() {
      let items = csv ? "[\(list.split(separator: " ").map { "'\($0)'" }.joined(separator: " "))]" : list
      text += "\n\(items)\(csv ? "," : "\t")\(answers?[place] ?? "z")" + (lengths.map { "\t\($0[place])" } ?? "")
    }
    let path = try folder.write(text + "\n", as: csv ? "s.csv" : "s.inter")
    var options = PreparationOptions(sessions: [path], out: folder.file("ds-\(UUID().uuidString)"))
    (options.defaultLocale, options.splits.validFraction, options.zeros) = ("ES", 0, zeros)
    let summary = try DatasetPreparation.run(options)
    let dataset = try PreparedDataset(folder: summary.folder), table = try #require(dataset.split(.train))
    return (
      (0..<table.count).map { table.items(of: $0).map { dataset.itemIDs.id(of: $0) }.joined(separator: " ") },
      summary.notes.zeros
    )
  }

  private var path: String { folder.file("s.inter") }

  @Test(arguments: [false, true]) func paddingIsLeftOut(csv: Bool) throws {
    let path = folder.file(csv ? "s.csv" : "s.inter")
    let behind = try prepare(["a b 0 0", "a b c d", "c 0 0 0"], csv: csv)
    #expect(behind.lists == ["a b", "a b c d", "c"])
    #expect(behind.found == [.padding(path: path, zeros: 5, lists: 2)])
    let before = try prepare(["0 0 a b", "a b c d", "0 0 0 c"], csv: csv)
    #expect(before.lists == ["a b", "a b c d", "c"])
    #expect(before.found == [.padding(path: path, zeros: 5, lists: 2)])
  }

  @Test func anItemCalledZeroStays() throws {
    // Lists of several lengths; between items; an answer; at both ends; in a list alone; where it is said.
    for (lists, answers, doubt) in [
      (["a 0", "a b c", "0 c"], nil, nil), (["a 0 b", "a b 0"], nil, .isBetweenItems),
      (["a b 0", "a b c"], ["0", "a"], .isAnswer), (["0 a b", "a b 0"], nil, .isAtBothEnds), (["0", "a"], nil, nil),
      (["a 0 0", "0 0", "b a 0"], nil, nil),
    ] as [([String], [String]?, ZerosFound.Doubt?)] {
      let kept = try prepare(lists, answers: answers)
      #expect(kept.lists == lists)
      if let doubt { #expect(kept.found == [.items(path: path, doubt)]) }
    }
    let said = try prepare(["a b 0 0", "a b c d"], .item)
    #expect(said.lists == ["a b 0 0", "a b c d"])
    // Half of the lists end in zeros: there is something to ask.
    #expect(said.found == [.manyLists(path: path, lists: 1, of: 2)])
    #expect(try prepare(["a b", "c d e"]).found == [])
  }

  @Test func paddingThatIsSaidIsLeftOutAtEitherEnd() throws {
    let said = try prepare(["0 a 0 b 0 0", "0 c", "d 0 0 0"], .padding)
    #expect(said.lists == ["a 0 b", "c", "d"] && said.found == [.padding(path: path, zeros: 7, lists: 3)])
  }

  /// `item_length` tells how many items a list has, and what is behind them is none whatever it is called.
  @Test func lengthsOutweighZeros() throws {
    let told = try prepare(["a 0 0 0", "0 0 b c", "a b c d", "a x x x", "0 b"], lengths: ["2", "2.0", "9", "1", "2"])
    #expect(told.lists == ["a 0", "b c", "a b c d", "a", "0 b"])
    #expect(told.found == [.beyondLength(path: path, ids: 7, lists: 3)])
    for bad in ["", "x", "-1", "1.5", "nan", "1e30"] {
      #expect(throws: SessionsError.self) { try prepare(["a b"], lengths: [bad]) }
    }
    #expect(throws: SessionsError.self) { try prepare(["a b"], lengths: ["0"]) }  // an empty session
  }

  /// Once 0 is an item it is one in every further file; a file of zeros alone is no reason to leave them out.
  @Test func filesOfADataSetAgree() throws {
    let header = "item_id_list:token_seq\titem_id:token\n"
    let first = try folder.write(header + "a 0 b\tc\nb\ta\n", as: "1.inter")
    let second = try folder.write(header + "a b 0 0\tc\na b c d\ta\n", as: "2.inter")
    func items(_ sessions: [String], test: String, to out: String) throws -> Int {
      var options = PreparationOptions(sessions: sessions, out: folder.file(out))
      (options.test, options.defaultLocale, options.splits.validFraction) = (test, "ES", 0)
      return try PreparedDataset(folder: DatasetPreparation.run(options).folder).split(.test)!.clickCount
    }
    #expect(try items([first], test: second, to: "one") == 8)
    #expect(try items([second], test: second, to: "two") == 6)
    #expect(try items([second, first], test: second, to: "three") == 8)
  }

  @Test func whatIsAskedForIsReadAsTheDataSetWas() throws {
    let header = "item_id_list:token_seq\titem_id:token\n"
    let asked = try folder.write("item_id_list:token_seq\n0 0 a 0\n0 0 0 0\n", as: "asked.inter")
    for (text, lists, unknown) in [
      ("a b\tc\n", [[Int32(1)], []], 0), ("a 0 b\tc\n", [[2, 2, 1, 2], [2, 2, 2, 2]], 0),
    ] {
      var options = PreparationOptions(
        sessions: [try folder.write(header + text, as: "s.inter")], out: folder.file("ds\(lists[0].count)"))
      (options.defaultLocale, options.splits.validFraction) = ("ES", 0)
      let dataset = try PreparedDataset(folder: DatasetPreparation.run(options).folder)
      let sessions = try TranslatedSessions.read(
        path: asked, defaultLocale: "ES", catalog: dataset.itemIDs, maxLength: 50)
      #expect((0..<2).map { Array(sessions.table.items(of: $0)) } == lists && sessions.unknownClicks == unknown)
    }
  }
}

import Foundation
import Sessions
import Testing

/// Click logs: whatever their separators, columns, times and order, the same clicks are the same sessions.
@Suite struct ClickLogTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func prepare(
    _ text: String, _ change: (inout PreparationOptions) throws -> Void = { _ in }
  ) throws -> PreparedDataset {
    try prepare(path: folder.write(text, as: "clicks.txt"), change)
  }

  private func prepare(
    path: String, _ change: (inout PreparationOptions) throws -> Void = { _ in }
  ) throws -> PreparedDataset {
    var options = PreparationOptions(sessions: [path], out: folder.file("d\(try folder.names().count)"))
    options.splits.validFraction = 0
    try change(&options)
    return try PreparedDataset(folder: try DatasetPreparation.run(options).folder)
  }

  /// A split's sessions as text: items, and the answer behind a colon.
  private func sessions(_ dataset: PreparedDataset, _ split: DatasetSplit = .train) -> [String] {
    guard let table = dataset.split(split) else { return [] }
    return (0..<table.count).map { session in
      let items = table.items(of: session).map { dataset.itemIDs.id(of: $0) }
      return items.joined(separator: " ") + ":" + dataset.itemIDs.id(of: table.targets[session])
    }
  }

  static let logs: [(text: String, columns: String)] = [
    ("SessionId\tItemId\tTime\n7\ta\t10\n8\tx\t11\n7\tb\t12.5\n8\ty\t13\n7\tc\t14\n", ""),
    // Not in the order of time, blanks around names and fields, a spreadsheet's line ends and mark.
    ("\u{feff}time, session_id ,item-id\r\n14,7,c\r\n13,8,y\r\n10,7,a\r\n12, 7 ,b\r\n11,8,x\r\n", ""),
    // RecBole's one-interaction file.
    (
      "user_id:token\titem_id:token\ttimestamp:float\n7\ta\t1e9\n8\tx\t1000000001\n7\tb\t1000000002.0\n8\ty\t1000000003\n7\tc\t1000000004\n",
      ""
    ),
    // Diginetica's: the day, and milliseconds of the session.
    (
      "session_id;user_id;item_id;timeframe;eventdate\n7;NA;c;9000;2016-05-09\n7;NA;a;10;2016-05-09\n8;NA;x;10;2016-05-09\n7;NA;b;200;2016-05-09\n8;NA;y;20;2016-05-09\n",
      ""
    ),
    // Yoochoose's: no header.
    (
      "7,2014-04-07T10:51:09.277Z,a,0\n8,2014-04-07T10:51:10Z,x,0\n7,2014-04-07T12:52:09.277+02:00,b,0\n8,2014-04-07T10:53:10Z,y,0\n7,2014-04-07T10:57:09Z,c,0\n",
      "session=1,time=2,item=3"
    ),
    (
      "who,what,when\n7,a,1396000000000\n8,x,1396000000001\n7,b,1396000000002\n8,y,1396000000003\n7,c,1396000000004\n",
      "session=who,item=what,time=when"
    ),
    // Without times the order is the file's.
    ("session,item\n7,a\n8,x\n7,b\n8,y\n7,c\n", ""),
  ]

  @Test(arguments: logs) func everyLogIsTheSameSessions(_ log: (text: String, columns: String)) throws {
    let dataset = try prepare(log.text) {
      if !log.columns.isEmpty { $0.columns = try ColumnChoice(parsing: log.columns) }
    }
    #expect(Set(sessions(dataset)) == ["a b:c", "x:y"])
    #expect(dataset.manifest.options.log?.columns["item"] != nil)
  }

  @Test func gzipIsReadAsItsText() throws {
    let plain = try folder.write(Self.logs[0].text, as: "clicks.tsv")
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", "-k", plain]
    try gzip.run()
    gzip.waitUntilExit()
    #expect(try sessions(prepare(path: plain + ".gz")) == sessions(prepare(path: plain)))
    // Two packed files one behind the other are one, and a file that is cut off is none.
    let packed = try Data(contentsOf: URL(fileURLWithPath: plain + ".gz"))
    let cut = try folder.write(Array(packed.dropLast(12)), as: "cut.gz")
    #expect(throws: SessionsError.unreadable(path: cut, reason: "the gzip file is cut off")) { try prepare(path: cut) }
    let damaged = try folder.write(
      Array(packed.prefix(20)) + [0xff, 0xff, 0xff] + Array(packed.dropFirst(23)), as: "bad.gz")
    #expect(throws: SessionsError.self) { try prepare(path: damaged) }
  }

  @Test(arguments: zip(["PAR1xx", "PK\u{3}\u{4}xx"], [OtherFormat.parquet, .zip]))
  func whatIsNoTextIsNamed(first: String, format: OtherFormat) throws {
    let path = try folder.write(first, as: "s.csv")
    #expect(throws: SessionsError.otherFormat(path: path, format)) { try prepare(path: path) }
    #expect(SessionsError.otherFormat(path: path, format).description.contains(path))
  }

  @Test func aPauseBeginsAnotherSession() throws {
    let log = "visitorid,itemid,timestamp\nv,a,0\nv,b,1800\nv,c,3601\nv,d,3700\n"
    #expect(try sessions(prepare(log) { $0.sessionGap = 1_800_000_000 }) == ["a:b", "c:d"])
    #expect(try sessions(prepare(log)) == ["a b c:d"])
  }

  @Test func eventsAreChosen() throws {
    let log = "visitorid,itemid,timestamp,event\nv,a,1,view\nv,b,2,addtocart\nv,c,3,view\nv,d,4,transaction\n"
    #expect(try sessions(prepare(log) { $0.events = ["view", "transaction"] }) == ["a c:d"])
    #expect(throws: SessionsError.self) { try prepare("session,item\n1,a\n1,b\n") { $0.events = ["view"] } }
  }

  /// Leaving out an item makes a session too short, which makes another item too seldom.
  @Test func filtersGoOnUntilNothingChanges() throws {
    let log =
      "session,item\n"
      + ["1,a", "1,b", "2,a", "2,b", "3,a", "3,b", "4,c", "4,rare", "5,c", "5,a", "6,d", "6,d"]
      .joined(separator: "\n")
    let dataset = try prepare(log) { $0.minItemCount = 2 }
    // `rare` goes, session 4 with it, then c, then session 5.
    #expect(sessions(dataset) == ["a:b", "a:b", "a:b", "d:d"])
    #expect(dataset.itemCount == 3)
  }

  @Test func theLastDaysAreDividedOff() throws {
    let day = 86_400
    let log =
      "session,item,time\n"
      + (0..<10).flatMap { ["s\($0),a,\($0 * day)", "s\($0),b,\($0 * day + 60)"] }.joined(separator: "\n")
    let dataset = try prepare(log) {
      $0.splits.testDays = 2
      $0.splits.validDays = 1
    }
    // A session that ends exactly so many days before the last click is in, as with GRU4Rec's authors.
    #expect(dataset.split(.test)?.count == 3 && dataset.split(.valid)?.count == 2 && dataset.split(.train)?.count == 5)
    #expect(throws: SessionsError.self) { try prepare("session,item\n1,a\n1,b\n") { $0.splits.testDays = 1 } }
  }

  @Test func oneIsLeftOut() throws {
    let log = "session,item\n" + "abcd".map { "1,\($0)\n" }.joined() + "xyz".map { "2,\($0)\n" }.joined() + "3,p\n3,q\n"
    let dataset = try prepare(log) { $0.splits.leavesOneOut = true }
    #expect(sessions(dataset, .test) == ["a b c:d", "x y:z"])
    #expect(sessions(dataset, .valid) == ["a b:c"])
    #expect(sessions(dataset) == ["a:b", "x:y", "p:q"])
  }

  @Test(arguments: UnseenTargets.allCases) func answersThatTrainingNeverSaw(rule: UnseenTargets) throws {
    let test = try folder.write("session,item\n1,a\n1,new\n1,b\n1,other\n2,new\n2,a\n", as: "test.csv")
    let dataset = try prepare("session,item\n1,a\n1,b\n2,b\n2,a\n") {
      $0.test = test
      $0.unseenTargets = rule
    }
    #expect(sessions(dataset, .test) == (rule == .keep ? ["a new b:other", "new:a"] : ["a:b"]))
    #expect(dataset.itemCount == (rule == .keep ? 4 : 2))
  }

  /// Each split goes by its own file's kind: answers of session files are never made up.
  @Test func unseenAnswersOfSessionFilesBesideALog() throws {
    let log = "session,item,time\n1,a,1\n1,b,2\n2,a,1\n2,c,2\n"
    let open = try folder.write("prev_items\n['a' 'b']\n['new']\n", as: "open.csv")
    let without = try prepare(log) { ($0.test, $0.unseenTargets) = (open, .drop) }
    #expect(without.split(.test)!.targets.allSatisfy { $0 == 0 } && without.split(.test)!.count == 2)
    let answered = try folder.write("prev_items,next_item\n['a' 'b'],new\n['new' 'b'],c\n", as: "answered.csv")
    let dropped = try prepare(log) { ($0.test, $0.unseenTargets) = (answered, .drop) }
    #expect(sessions(dropped, .test) == ["new b:c"])
  }

  /// What is left out is left out before sessions are cut, and before the last days are found.
  @Test func filtersComeFirst() throws {
    let log = "session,item,time\n1,a,1\n1,b,2\n2,b,1\n2,c,2\n3,a,200000\n3,b,200001\n3,x,200002\n3,y,200003\n"
    let dataset = try prepare(log) {
      ($0.splits.testDays, $0.unseenTargets, $0.maxLength) = (1, .drop, 1)
    }
    #expect(sessions(dataset, .test) == ["a:b"])
    let late = "session,item,time\n1,a,100\n1,b,200\n1,rare,2000000\n2,a,100\n2,b,200\n3,a,86000\n3,b,86400\n"
    let filtered = try prepare(late) { ($0.minItemCount, $0.splits.testDays) = (2, 0.5) }
    #expect(filtered.split(.test)!.count == 1 && filtered.split(.train)!.count == 2)
  }

  @Test func microsecondsOrderClicks() throws {
    let numbers = "session,item,time\n1,c,1700000000000900\n1,a,1700000000000100\n1,b,1700000000000500\n"
    #expect(try sessions(prepare(numbers)) == ["a b:c"])
    let text = "session,item,time\n1,b,2020-01-01T00:00:20.000900Z\n1,a,2020-01-01 00:00:20.0001 UTC\n"
    #expect(try sessions(prepare(text)) == ["a:b"])
  }

  /// One unit a file: what is a thousand times larger is no time of it, and no trap either.
  @Test(arguments: ["9999999999999999", "99999999999999999999", "1396000000001", "-5", "nan", "1e400"])
  func timesOfAnotherSizeAreRefused(time: String) throws {
    let path = try folder.write("session,item,time\n1,a,1396000000\n1,b,\(time)\n1,c,1396000001\n", as: "t.csv")
    #expect(throws: SessionsError.self) { try prepare(path: path) }
    #expect(try sessions(prepare(path: path) { $0.skipsBadRows = true }) == ["a:c"])
  }

  @Test func aPauseTakesTimes() throws {
    #expect(throws: SessionsError.self) { try prepare("user,item\n1,a\n1,b\n") { $0.sessionGap = 1 } }
    #expect(throws: SessionsError.self) { try prepare("prev_items,next_item\n['a'],b\n") { $0.sessionGap = 1 } }
    #expect(throws: SessionsError.self) { try prepare("prev_items,next_item\n['a'],b\n") { $0.events = ["view"] } }
  }

  /// A visitor may come back in another market, and the file need not be in order.
  @Test func aSessionsLocaleIsThatOfItsFirstClick() throws {
    let log = "visitor,item,time,locale\n1,d,90001,ES\n1,b,200,UK\n1,c,90000,ES\n1,a,100,UK\n2,e,5,\n2,f,6,\n"
    let dataset = try prepare(log) { $0.sessionGap = 1_800_000_000 }
    #expect(dataset.locales.names == ["ES", "UK"] && Set(sessions(dataset)) == ["a:b", "c:d", "e:f"])
    let spain = try prepare(log) { ($0.sessionGap, $0.locales) = (1_800_000_000, ["ES"]) }
    #expect(sessions(spain) == ["c:d"] && spain.itemCount == 2)
  }

  /// Numbers name columns of a file with a header as well.
  @Test func aHeaderIsNoClick() throws {
    let dataset = try prepare("session,item\n1,a\n1,b\n") { $0.columns = try ColumnChoice(parsing: "session=1,item=2") }
    #expect(sessions(dataset) == ["a:b"])
    #expect(throws: SessionsError.self) {
      try prepare("1,a\n1,b\n") { $0.columns = try ColumnChoice(parsing: "session=1,item=1") }
    }
  }

  @Test func rowsThatArePrefixesAreNotFiltered() throws {
    let rows = "session_id,prev_items,next_item\n1,['a'],b\n1,['a' 'b'],c\n2,['a'],c\n"
    #expect(throws: SessionsError.self) { try prepare(rows) { $0.minItemCount = 2 } }
    #expect(try prepare(rows).manifest.splits["train"]?.prefixRows == true)
    #expect(try prepare("session,item\n1,a\n1,b\n").manifest.splits["train"]?.prefixRows == nil)
  }

  @Test func whatIsMissingIsSaidWithWhatToDo() throws {
    func message(_ text: String, _ columns: String = "") throws -> String {
      do {
        _ = try prepare(text) { if !columns.isEmpty { $0.columns = try ColumnChoice(parsing: columns) } }
        return ""
      } catch let error as SessionsError { return error.description }
    }
    #expect(try message("who,what,when\n1,a,2\n").hasSuffix("--columns session=…,item=…,time=…"))
    #expect(try message("1,2014-04-07,a\n1,2014-04-08,b\n").contains("--columns session=1,item=2,time=3"))
    #expect(
      try message("userId,movieId,rating,timestamp\n1,2,3,4\n").hasSuffix(
        "name no item: say which it is with --columns item=…"))
    #expect(try message("basket,when,product\n1,2,3\n").hasSuffix("--columns session=…,time=…"))
    #expect(try message("a|b|c\n1|2|3\n").contains("separated by tabs, commas or semicolons"))
    #expect(try message("session,item\n1,a\n1,b\n", "item=sku").contains("the column sku is missing"))
    #expect(try message("session,item\n1,a\n1,b\n", "thing=sku").contains("--columns has no 'thing'"))
    #expect(try message("session,item,time\n1,a,2\n1,b,soon\n").contains("the time is not in seconds"))
    #expect(try message("session,item,time\n1,a,yesterday\n").contains("this is no time"))
    #expect(try message("session,item,time\n,a,1\n").contains("the session's id is empty"))
  }

  @Test(arguments: [
    ("2014-04-07T10:51:09.277Z", 1_396_867_869_277), ("2014-04-07 10:51:09", 1_396_867_869_000),
    ("2014-04-07", 1_396_828_800_000), ("2014-04-07T12:51:09+02:00", 1_396_867_869_000),
    ("2000-02-29T00:00:00Z", 951_782_400_000), ("1969-12-31T23:59:59Z", -1000),
    ("1396867869", 1_396_867_869_000), ("1396867869.25", 1_396_867_869_250), ("1396867869277", 1_396_867_869_277),
    ("1396867869277000", 1_396_867_869_277), ("1396867869277000000", 1_396_867_869_277),
  ]) func timesAreRead(text: String, milliseconds: Int) throws {
    #expect(
      try explained("session,item,time\n1,a,\(text)\n").contains(
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).ISO8601Format()))
  }

  private func explained(_ text: String) throws -> String {
    let path = try folder.write(text, as: "explained.csv")
    var lines: [String] = []
    do {
      try FileExplanation.tell(path, PreparationOptions(sessions: [], out: "")) { lines.append($0) }
    } catch let error as SessionsError { lines.append(error.description) }
    return lines.joined(separator: "\n")
  }

  @Test func aFileIsExplained() throws {
    let clicks = try explained("visitor;sku;ts\n1;a;2\n1;b;x\n")
    #expect(clicks.contains("a click a row, semicolons between columns: session visitor, item sku, time ts (seconds)"))
    #expect(clicks.contains("line 2: session 1, item a, at 1970-01-01T00:00:02Z") && clicks.contains(":3: "))
    let unknown = try explained("who,what\n1,a\n")
    #expect(unknown.contains("commas between columns\nline 1: 1 who, 2 what\nline 2: 1 1, 2 a\n"))
    #expect(unknown.hasSuffix("--columns session=…,item=…,time=…"))
  }

  /// The log of `synth` is in the order of time: the clicks of sessions lie among one another.
  @Test func madeUpClicksComeBackAsSessions() throws {
    var made = SynthesisOptions(sessions: 300, items: 100, out: folder.path)
    made.seed = 7
    let summary = try SyntheticClicks.write(made)
    let dataset = try prepare(path: summary.path)
    let table = dataset.split(.train)!
    #expect(table.count == 300 && table.clickCount + 300 == summary.clicks)
    var plain = made
    plain.testFraction = 0
    plain.out = folder.file("plain")
    let whole = try PreparedDataset(
      folder: DatasetPreparation.run(
        PreparationOptions(sessions: [SyntheticSessions.write(plain).trainPath], out: folder.file("p"))
      ).folder)
    #expect(whole.itemCount == dataset.itemCount)
  }
}

import Foundation
import Sessions
import Storage
import Testing

/// Files of both versions: the first as it always was, the second checked number by number.
@Suite struct DatasetVersionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Sessions, tests and answers in the KDD Cup's shape.
  private func prepareAmazon(_ change: (inout PreparationOptions) -> Void = { _ in }) throws -> PreparedDataset {
    let locales = ["DE", "JP", "UK", "ES", "FR", "IT"]
    func id(_ letter: String, _ number: Int) -> String { letter + (number < 10 ? "0" : "") + "\(number)" }
    var train = "prev_items,next_item,locale\n"
    for n in 0..<60 {
      let items = (0..<1 + n % 5).map { "'\(id("B", (n * 7 + $0 * 3) % 23))'" }
      train +=
        "[\(items.joined(separator: " "))],\(id("B", (n * 5 + 1) % 23)),\(locales[n % 2 == 1 ? n * n % 6 : n % 6])\n"
    }
    var test = "prev_items,locale\n", truth = "next_item,locale\n"
    for n in 0..<12 {
      test += "['T\(n % 4)' '\(id("B", n * 3 % 23))'],\(locales[n % 3])\n"
      truth += "\(id("B", n * 11 % 23)),\(locales[n % 3])\n"
    }
    var options = PreparationOptions(sessions: [try folder.write(train, as: "train.csv")], out: folder.file("ds"))
    options.test = try folder.write(test, as: "test.csv")
    options.truth = try folder.write(truth, as: "truth.csv")
    options.replacesExisting = true
    change(&options)
    return try PreparedDataset(folder: DatasetPreparation.run(options).folder)
  }

  /// As caravan 0.5.0 wrote them.
  @Test func amazonsLocalesGiveTheBytesThatTheyAlwaysGave() throws {
    let expected = [
      "items.txt": "1e49a51d889134aec50510dbbbaf3992cd90e0e64206a820a4477245c741bcb6",
      "products.safetensors": "d4acdd282110c32fcb4d9755a6afd9a9f254c29d17936856233c6a68a8a82286",
      "test.safetensors": "0fe9ef0c5a9db836222ec43620aae8a4f89f9c8e771e6ade1d2630ff0dfb0baf",
      "train.safetensors": "5653907b7c1e45b187d3ec5adf2cc7ecfd6a0b6a0b27b674955a562a98746182",
      "valid.safetensors": "6553cea423c28b569053475526c4ed6629f516829117f80339ce1b88f4da7e0f",
    ]
    let dataset = try prepareAmazon()
    #expect(dataset.manifest.files == expected)
    func ownSum() throws -> String { try Checksum.sha256(ofFile: dataset.folder + "/dataset.json") }
    #expect(try ownSum() == "9cbae541327309586ea055c94ed41fc9ff64283217481c73a9c4d4e885a32881")
    _ = try prepareAmazon { $0.locales = ["it", "ES", "jp"] }
    #expect(try ownSum() == "fe5f6cc46007934ce89d095ee55a7a2e26faccf60a96794df4568feee9d5824f")
  }

  @Test func amazonsLocalesAreReadWithTheirCodes() throws {
    let dataset = try prepareAmazon()
    #expect(dataset.manifest.formatVersion == 1 && dataset.locales == .amazon)
    let test = try #require(dataset.split(.test))
    #expect(Array(test.locales.prefix(3)) == [1, 2, 0])
    // What is only tested was seen there, and never counted.
    let row = try #require(dataset.itemIDs.row(of: "T0"))
    #expect(dataset.candidates.items(in: [1]).contains(row) && dataset.candidates.trainCount(of: row, in: 1) == 0)
    let train = try #require(dataset.split(.train))
    for code in UInt16(0)..<6 {
      var counts: [Int32: Int] = [:]
      for session in train.sessions(in: [code]) {
        for item in Array(train.items(of: Int(session))) + [train.targets[Int(session)]] {
          counts[item, default: 0] += 1
        }
      }
      for item in 1...Int32(dataset.itemCount) {
        #expect(dataset.candidates.trainCount(of: item, in: code) == counts[item, default: 0])
      }
    }
  }

  /// A session of another locale, or of none, is beyond version 1.
  @Test func oneOtherNameMakesVersion2() throws {
    for row in ["['B01'],B02,es\n", "['B01'],B02,AT\n"] {
      let other = try folder.write("prev_items,next_item,locale\n" + row, as: "other.csv")
      let dataset = try prepareAmazon { $0.sessions.append(other) }
      #expect(dataset.manifest.formatVersion == 2 && dataset.locales.count == 6)
      #expect(dataset.locales.names.prefix(3) == ["DE", "JP", "UK"])
    }
  }

  // MARK: - Damage

  private struct Products {
    var offsets: [Int64], items: [Int32], counts: [Int32]
    var tensors: [SafetensorsTensor] {
      [
        SafetensorsTensor(name: "offsets", array: offsets), SafetensorsTensor(name: "items", array: items),
        SafetensorsTensor(name: "train_count", array: counts),
      ]
    }
  }

  private func prepareFree() throws -> PreparedDataset {
    let text = "prev_items,next_item,locale\n['A1' 'A2'],A3,us\n['A2'],A1,de-AT\n"
    var options = PreparationOptions(sessions: [try folder.write(text, as: "s.csv")], out: folder.file("free"))
    options.splits.validFraction = 0
    return try PreparedDataset(folder: DatasetPreparation.run(options).folder)
  }

  private func expectMalformed(_ dataset: PreparedDataset, _ words: String) {
    #expect {
      try PreparedDataset(folder: dataset.folder, verify: false)
    } throws: { error in
      guard case .malformedDataset(_, let reason)? = error as? SessionsError else { return false }
      return reason.contains(words)
    }
  }

  @Test func countsThatAreNoSparseMatrixAreRefused() throws {
    let dataset = try prepareFree(), path = dataset.folder + "/products.safetensors"
    let file = try SafetensorsFile(path: path)
    let whole = Products(
      offsets: Array(try file.array("offsets", as: Int64.self)), items: Array(try file.array("items", as: Int32.self)),
      counts: Array(try file.array("train_count", as: Int32.self)))
    #expect(whole.offsets == [0, 3, 5, 5] && whole.items == [1, 2, 3, 1, 2] && whole.counts == [1, 1, 1, 1, 1])
    let damages: [(words: String, change: (inout Products) -> Void)] = [
      ("do not span", { $0.offsets[3] = 4 }), ("do not span", { $0.offsets[0] = 1 }),
      ("go back", { $0.offsets = [0, 5, 3, 5] }), ("no row", { $0.items[0] = 0 }), ("no row", { $0.items[2] = 4 }),
      ("not in order", { $0.items = [2, 1, 3, 1, 2] }), ("not in order", { $0.items = [1, 1, 3, 1, 2] }),
      ("negative", { $0.counts[1] = -1 }),
    ]
    for (words, change) in damages {
      var damaged = whole
      change(&damaged)
      try SafetensorsWriter.write(to: path, tensors: damaged.tensors)
      expectMalformed(dataset, words)
    }
    for change: (inout Products) -> Void in [{ $0.offsets.append(5) }, { $0.counts.append(1) }] {
      var damaged = whole
      change(&damaged)
      try SafetensorsWriter.write(to: path, tensors: damaged.tensors)
      #expect(throws: StorageError.self) { try PreparedDataset(folder: dataset.folder, verify: false) }
    }
    try SafetensorsWriter.write(to: path, tensors: whole.tensors)
    _ = try PreparedDataset(folder: dataset.folder, verify: false)
  }

  @Test func codesThatAreNoneAreRefused() throws {
    let dataset = try prepareFree(), path = dataset.folder + "/train.safetensors"
    let table = try #require(dataset.split(.train))
    func write(_ locales: SafetensorsTensor) throws {
      try SafetensorsWriter.write(
        to: path,
        tensors: [
          SafetensorsTensor(name: "offsets", array: Array(table.offsets)),
          SafetensorsTensor(name: "items", array: Array(table.items)),
          SafetensorsTensor(name: "target", array: Array(table.targets)), locales,
        ])
    }
    try write(SafetensorsTensor(name: "locale", array: [UInt16(0), .max]))
    #expect(try PreparedDataset(folder: dataset.folder, verify: false).split(.train)?.locales.last == .max)
    for code: UInt16 in [2, .max - 1] {
      try write(SafetensorsTensor(name: "locale", array: [0, code]))
      expectMalformed(dataset, "a locale code is none")
    }
    try write(SafetensorsTensor(name: "locale", array: [UInt8(0), 1]))
    #expect(throws: StorageError.self) { try PreparedDataset(folder: dataset.folder, verify: false) }
  }

  @Test func namesThatAreNoneAreRefused() throws {
    let dataset = try prepareFree(), path = dataset.folder + "/dataset.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    func write(_ old: String, _ new: String) throws {
      let changed = text.replacing(old, with: new)
      #expect(changed != text)
      try atomicWrite(Data(changed.utf8), to: path)
    }
    let names = "\"us\",\n    \"de-AT\""
    for bad in [
      "\"us\", \"us\"", "\"us\", \"\"", "\"us\", \"a b\"", "\"us\", \"a\\nb\"", "\"caf\u{e9}\", \"cafe\u{301}\"",
    ] {
      try write(names, bad)
      expectMalformed(dataset, "a locale's name is none, or is there twice")
    }
    try write(names, "\"us\", 7")
    expectMalformed(dataset, "it lacks what format version 2 has")
    // Version 1 has no names; there is no version 3.
    try write("\"formatVersion\" : 2", "\"formatVersion\" : 1")
    expectMalformed(dataset, "a locale's name is none")
    try write("\"formatVersion\" : 2", "\"formatVersion\" : 3")
    expectMalformed(dataset, "format version 3")
    try write(names, "\"us\"")
    #expect(throws: StorageError.self) { try PreparedDataset(folder: dataset.folder, verify: false) }
  }

  @Test func countsOfVersion1MustBeOfWhatWasSeen() throws {
    let dataset = try prepareAmazon(), path = dataset.folder + "/products.safetensors"
    let file = try SafetensorsFile(path: path)
    var mask = Array(try file.array("locale_mask", as: UInt8.self)),
      counts = Array(try file.array("train_count", as: Int32.self))
    func write() throws {
      try SafetensorsWriter.write(
        to: path,
        tensors: [
          SafetensorsTensor(name: "locale_mask", array: mask),
          SafetensorsTensor(name: "train_count", shape: [6, mask.count], array: counts),
        ])
    }
    let place = try #require(counts.firstIndex { $0 > 0 })
    mask[place % mask.count] = 0
    try write()
    expectMalformed(dataset, "counted where it was not seen")
    mask[place % mask.count] = 64
    try write()
    expectMalformed(dataset, "of no locale")
    (mask[place % mask.count], counts[place]) = (63, -1)
    try write()
    expectMalformed(dataset, "negative")
  }
}

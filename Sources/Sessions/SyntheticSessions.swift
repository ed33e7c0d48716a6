import Foundation
import Storage

/// Writes synthetic sessions as CSV files in the KDD Cup's shape.
///
/// What the sessions hold is `SyntheticShop`'s; each session has random numbers of its own, so that the same
/// options give the same bytes.
package enum SyntheticSessions {
  /// Items on a line of a list: NumPy breaks lines at 75 characters.
  private static let itemsPerLine = 5

  /// Makes the three files.
  /// - Parameter progress: called now and then with the number of sessions so far.
  /// - Throws: `SessionsError.invalidOption` or a `StorageError`; no file is left half-written.
  package static func write(
    _ options: SynthesisOptions, progress: (Int) -> Void = { _ in }
  ) throws -> SynthesisSummary {
    try options.validate()
    let start = ContinuousClock.now
    let names = ["sessions_train.csv", "sessions_test.csv", "truth_test.csv"]
    let paths = names.map { joined(options.out, $0) }
    try makeFolder(options.out)
    for path in paths { try OutputPlace.check(path, replaces: options.replacesExisting, inputs: []) }
    let files = try paths.map { path in try BufferedFile(path: path) }
    let (train, test, truth) = (files[0], files[1], files[2])
    try train.append("prev_items,next_item,locale\n")
    try test.append("prev_items,locale\n")
    try truth.append("next_item,locale\n")

    let shop = SyntheticShop(itemCount: options.items, locales: options.locales.inOrder, seed: options.seed)
    let ids = SyntheticIDs(seed: options.seed)
    let trainSessions = options.sessions - options.testSessions
    var items: [Int32] = []
    var clicks = 0
    for session in 0..<options.sessions {
      let locale = shop.visit(number: session, items: &items)
      let answer = items.removeLast()
      clicks += items.count
      if session < trainSessions {
        appendList(items, ids, to: &train.bytes)
        train.bytes.append(UInt8(ascii: ","))
        ids.append(answer, to: &train.bytes)
        try train.append(",\(locale.name)\n")
      } else {
        appendList(items, ids, to: &test.bytes)
        try test.append(",\(locale.name)\n")
        ids.append(answer, to: &truth.bytes)
        try truth.append(",\(locale.name)\n")
      }
      if session % 16_384 == 0 { progress(session) }
    }
    for file in files { try file.commit() }
    return SynthesisSummary(
      trainPath: paths[0], testPath: paths[1], truthPath: paths[2], trainSessions: trainSessions,
      testSessions: options.testSessions, meanLength: Double(clicks) / Double(options.sessions),
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// A list as NumPy prints it: blanks between, a line break after every fifth item; quoted only if broken.
  private static func appendList(_ items: [Int32], _ ids: SyntheticIDs, to bytes: inout [UInt8]) {
    let isBroken = items.count > itemsPerLine
    if isBroken { bytes.append(UInt8(ascii: "\"")) }
    bytes.append(UInt8(ascii: "["))
    for (place, item) in items.enumerated() {
      if place > 0 {
        if place % itemsPerLine == 0 { bytes.append(UInt8(ascii: "\n")) }
        bytes.append(UInt8(ascii: " "))
      }
      bytes.append(UInt8(ascii: "'"))
      ids.append(item, to: &bytes)
      bytes.append(UInt8(ascii: "'"))
    }
    bytes.append(UInt8(ascii: "]"))
    if isBroken { bytes.append(UInt8(ascii: "\"")) }
  }

  static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw StorageError.cannotWrite(path: path, reason: "the folder cannot be made")
    }
  }
}

/// Text on its way to a file, handed over in large pieces.
final class BufferedFile {
  var bytes: [UInt8] = []
  private let file: AtomicFile

  init(path: String) throws {
    file = try AtomicFile(path: path)
    bytes.reserveCapacity(1 << 21)
  }

  func append(_ text: String) throws {
    bytes += text.utf8
    if bytes.count >= 1 << 20 { try flush() }
  }

  func commit() throws {
    try flush()
    try file.commit()
  }

  private func flush() throws {
    try bytes.withUnsafeBytes { try file.write($0) }
    bytes.removeAll(keepingCapacity: true)
  }
}

import Evaluation
import Foundation
import MPI
import Models
import Sessions
import Storage

// The checkpoint of a counting model: whole numbers under `pop.…`, and `covisit.…` or `counts.…`.

extension ItemCounts {
  /// Writes a checkpoint.
  /// - Parameters:
  ///   - folder: appears whole, or not at all.
  ///   - state: without files, which are listed here.
  ///   - locales: of the data set: what is counted by locale is only of use with their names.
  /// - Throws: `StorageError`.
  func save(to folder: String, _ state: CheckpointState, model: CountingModel, locales: LocaleNames) throws {
    var metadata = ["format": "caravan", "model": model.name]
    var tensors: [SafetensorsTensor]
    if locales == .amazon, popularity.isByLocale {
      // As it was always written: the same run gives the same bytes.
      tensors = [Self.tensor("pop.count", shape: [locales.count, popularity.rows], popularity.dense)]
    } else {
      metadata[CountArrays.localesKey] = locales.names.joined(separator: ",")
      tensors = [
        SafetensorsTensor(name: "pop.offsets", array: popularity.offsets),
        SafetensorsTensor(name: "pop.item", array: popularity.items),
        Self.tensor("pop.count", shape: [popularity.counts.count], popularity.counts),
      ]
    }
    if let transitions {
      tensors += [
        SafetensorsTensor(name: "covisit.offsets", array: transitions.offsets),
        SafetensorsTensor(name: "covisit.next", array: transitions.next),
        Self.tensor("covisit.count", shape: [transitions.counts.count], transitions.counts),
      ]
    }
    if let byLocale {
      tensors += [
        SafetensorsTensor(name: "counts.offsets", array: byLocale.offsets),
        SafetensorsTensor(name: "counts.item", array: byLocale.items),
        SafetensorsTensor(name: "counts.next", array: byLocale.next),
        Self.tensor("counts.count", shape: [byLocale.pairs], byLocale.counts),
      ]
    }
    let transaction = try FolderTransaction(at: folder, manifest: CheckpointState.fileName, overwrite: true)
    let checksum = try SafetensorsWriter.write(
      to: transaction.path(of: Checkpoint.modelFile), metadata: metadata, tensors: tensors)
    transaction.record(Checkpoint.modelFile, sha256: checksum)
    try transaction.commit { checksums in
      var state = state
      state.files = checksums
      return try state.encoded()
    }
  }

  /// Counts as int32 where all of them fit, as they nearly always do, else as int64.
  private static func tensor(_ name: String, shape: [Int], _ counts: [Int64]) -> SafetensorsTensor {
    let fits = counts.allSatisfy { $0 <= Int64(Int32.max) }
    return fits
      ? SafetensorsTensor(name: name, shape: shape, array: counts.map { Int32($0) })
      : SafetensorsTensor(name: name, shape: shape, array: counts)
  }

  /// Reads the counts on rank 0 and hands them to the others; collective.
  /// - Throws: on rank 0 `StorageError` or `CheckpointError.malformed`, on the others
  ///   `MPIError.peerFailed`.
  static func load(
    _ model: CountingModel, from opened: OpenedCheckpoint, for dataset: PreparedDataset, group: any ProcessGroup
  ) throws -> ItemCounts {
    let rows = opened.state.items + 1
    let options = try CountingOptions(options: opened.state.options)
    var arrays =
      try group.together {
        try opened.checkpoint.map { try CountArrays($0, model, rows: rows, options, for: dataset.locales) }
      } ?? CountArrays()
    try group.broadcast(resizing: &arrays.popularOffsets, from: 0)
    try group.broadcast(resizing: &arrays.popularItems, from: 0)
    try group.broadcast(resizing: &arrays.popularCounts, from: 0)
    try group.broadcast(resizing: &arrays.offsets, from: 0)
    try group.broadcast(resizing: &arrays.items, from: 0)
    try group.broadcast(resizing: &arrays.next, from: 0)
    try group.broadcast(resizing: &arrays.counts, from: 0)
    let popularity = ItemPopularity(
      rows: rows, offsets: arrays.popularOffsets, items: arrays.popularItems, counts: arrays.popularCounts)
    if model == .counts {
      return ItemCounts(
        popularity: popularity,
        byLocale: LocaleTransitions(
          options, rows: rows, offsets: arrays.offsets, items: arrays.items, next: arrays.next, counts: arrays.counts))
    }
    return ItemCounts(
      popularity: popularity,
      transitions: TransitionRule(model).map {
        TransitionCounts($0, offsets: arrays.offsets, next: arrays.next, counts: arrays.counts)
      })
  }
}

/// The tensors of a counting model's checkpoint, checked: indices from them are used unchecked later.
private struct CountArrays {
  // By the data set's locales: see `ItemPopularity`.
  var popularOffsets: [Int64] = []
  var popularItems: [Int32] = []
  var popularCounts: [Int64] = []
  var offsets: [Int64] = []
  /// Of COUNTS alone, whose offsets are by locale.
  var items: [Int32] = []
  var next: [Int32] = []
  var counts: [Int64] = []

  /// Beyond this, sums of counts might not fit. 2^53 clicks are more than there will ever be.
  private static let mostCounted: Int64 = 1 << 53

  /// Under which name the metadata have the locales, by code.
  static let localesKey = "locales"

  init() {}

  init(
    _ checkpoint: Checkpoint, _ model: CountingModel, rows: Int, _ options: CountingOptions, for locales: LocaleNames
  ) throws {
    let path = checkpoint.path(Checkpoint.modelFile)
    let file = try SafetensorsFile(path: path)
    func check(_ holds: Bool, _ reason: String) throws {
      if !holds { throw CheckpointError.malformed(path: path, reason: reason) }
    }
    let names = try Self.localeNames(of: file, path)
    let counted = try Self.popularity(of: file, names, rows: rows, check)
    let popularity = counted.renumbered(from: names ?? .amazon, to: locales)
    popularOffsets = popularity.offsets
    popularItems = popularity.items
    popularCounts = popularity.counts
    if model == .counts {
      let found = try Self.byLocale(of: file, names ?? .amazon, rows: rows, options, check)
      let byLocale = found.renumbered(from: names ?? .amazon, to: locales)
      (offsets, items, next, counts) = (byLocale.offsets, byLocale.items, byLocale.next, byLocale.counts)
    }
    guard TransitionRule(model) != nil else { return }
    offsets = Array(try file.array("covisit.offsets", as: Int64.self, shape: [rows + 1]))
    next = Array(try file.array("covisit.next", as: Int32.self))
    counts = try Self.counts("covisit.count", of: file, shape: [next.count])
    try Self.check(offsets, next, counts, rows: rows, check)
  }

  /// The locales that a checkpoint counts in; nil for Amazon's six, of which it does not say so.
  private static func localeNames(of file: SafetensorsFile, _ path: String) throws -> LocaleNames? {
    guard let list = file.metadata[localesKey] else { return nil }
    let names = list.isEmpty ? [] : list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let known = LocaleNames(checking: names) else {
      throw CheckpointError.malformed(path: path, reason: "a locale's name is none, or is there twice")
    }
    return known
  }

  private static func popularity(
    of file: SafetensorsFile, _ names: LocaleNames?, rows: Int, _ check: (Bool, String) throws -> Void
  ) throws -> ItemPopularity {
    guard let names else {
      let dense = try counts("pop.count", of: file, shape: [LocaleNames.amazon.count, rows])
      try check(canBeAdded(dense), "its counts make no sense")
      return ItemPopularity(rows: rows, dense: dense)
    }
    let offsets = Array(try file.array("pop.offsets", as: Int64.self, shape: [names.count + 2]))
    let items = Array(try file.array("pop.item", as: Int32.self))
    let counts = try counts("pop.count", of: file, shape: [items.count])
    try Self.check(offsets, items, counts, rows: rows, check)
    return ItemPopularity(rows: rows, offsets: offsets, items: items, counts: counts)
  }

  private static func byLocale(
    of file: SafetensorsFile, _ names: LocaleNames, rows: Int, _ options: CountingOptions,
    _ check: (Bool, String) throws -> Void
  ) throws -> LocaleTransitions {
    let offsets = Array(try file.array("counts.offsets", as: Int64.self, shape: [names.count + 2]))
    let items = Array(try file.array("counts.item", as: Int32.self))
    let next = Array(try file.array("counts.next", as: Int32.self, shape: [items.count]))
    let counts = try counts("counts.count", of: file, shape: [items.count])
    try Self.check(offsets, count: items.count, check)
    try check((items + next).allSatisfy { (1..<Int32(rows)).contains($0) }, "something is counted of no row")
    try check(
      zip(offsets, offsets.dropFirst()).allSatisfy { start, end in
        (Int(start)..<Int(end)).dropFirst().allSatisfy { (items[$0 - 1], next[$0 - 1]) < (items[$0], next[$0]) }
      }, "its counts are not in order")
    try check(canBeAdded(counts), "its counts make no sense")
    return LocaleTransitions(options, rows: rows, offsets: offsets, items: items, next: next, counts: counts)
  }

  private static func check(
    _ offsets: [Int64], count: Int, _ check: (Bool, String) throws -> Void
  ) throws {
    try check(offsets.first == 0 && offsets.last == Int64(count), "its offsets do not span the counts")
    try check(zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }, "its offsets go back")
  }

  /// Checks a sparse matrix of counts.
  private static func check(
    _ offsets: [Int64], _ columns: [Int32], _ counts: [Int64], rows: Int, _ check: (Bool, String) throws -> Void
  ) throws {
    try Self.check(offsets, count: columns.count, check)
    try check(columns.allSatisfy { (1..<Int32(rows)).contains($0) }, "something is counted of no row")
    try check(
      zip(offsets, offsets.dropFirst()).allSatisfy { start, end in
        let row = columns[Int(start)..<Int(end)]
        return zip(row, row.dropFirst()).allSatisfy { $0 < $1 }
      }, "its counts are not in order")
    try check(canBeAdded(counts), "its counts make no sense")
  }

  /// Counts of either width.
  private static func counts(_ name: String, of file: SafetensorsFile, shape: [Int]) throws -> [Int64] {
    if try file.tensor(name).dtype == .i64 { return Array(try file.array(name, as: Int64.self, shape: shape)) }
    return try file.array(name, as: Int32.self, shape: shape).map { Int64($0) }
  }

  private static func canBeAdded(_ counts: [Int64]) -> Bool {
    var sum: Int64 = 0
    return counts.allSatisfy { count in
      guard (0...mostCounted).contains(count) else { return false }
      sum += count
      return sum <= mostCounted
    }
  }
}

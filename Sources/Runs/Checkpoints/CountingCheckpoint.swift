import Evaluation
import Foundation
import MPI
import Models
import Sessions
import Storage

// The checkpoint of a counting model: whole numbers under `pop.…` and `covisit.…`.

extension ItemCounts {
  /// Writes a checkpoint.
  /// - Parameters:
  ///   - folder: appears whole, or not at all.
  ///   - state: without files, which are listed here.
  /// - Throws: `StorageError`.
  func save(to folder: String, _ state: CheckpointState, model: CountingModel) throws {
    var tensors = [
      Self.tensor("pop.count", shape: [ShopLocale.allCases.count, popularity.rows], popularity.counts)
    ]
    if let transitions {
      tensors += [
        SafetensorsTensor(name: "covisit.offsets", array: transitions.offsets),
        SafetensorsTensor(name: "covisit.next", array: transitions.next),
        Self.tensor("covisit.count", shape: [transitions.counts.count], transitions.counts),
      ]
    }
    let transaction = try FolderTransaction(at: folder, manifest: CheckpointState.fileName, overwrite: true)
    let checksum = try SafetensorsWriter.write(
      to: transaction.path(of: Checkpoint.modelFile), metadata: ["format": "caravan", "model": model.name],
      tensors: tensors)
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
    _ model: CountingModel, from checkpoint: Checkpoint?, rows: Int, group: any ProcessGroup
  ) throws -> ItemCounts {
    var arrays = try group.together { try checkpoint.map { try CountArrays($0, model, rows: rows) } } ?? CountArrays()
    try group.broadcast(resizing: &arrays.popularity, from: 0)
    try group.broadcast(resizing: &arrays.offsets, from: 0)
    try group.broadcast(resizing: &arrays.next, from: 0)
    try group.broadcast(resizing: &arrays.counts, from: 0)
    return ItemCounts(
      popularity: ItemPopularity(rows: rows, counts: arrays.popularity),
      transitions: TransitionRule(model).map {
        TransitionCounts($0, offsets: arrays.offsets, next: arrays.next, counts: arrays.counts)
      })
  }
}

/// The tensors of a counting model's checkpoint, checked: indices from them are used unchecked later.
private struct CountArrays {
  var popularity: [Int64] = []
  var offsets: [Int64] = []
  var next: [Int32] = []
  var counts: [Int64] = []

  /// Beyond this, sums of counts might not fit. 2^53 clicks are more than there will ever be.
  private static let mostCounted: Int64 = 1 << 53

  init() {}

  init(_ checkpoint: Checkpoint, _ model: CountingModel, rows: Int) throws {
    let path = checkpoint.path(Checkpoint.modelFile)
    let file = try SafetensorsFile(path: path)
    func check(_ holds: Bool, _ reason: String) throws {
      if !holds { throw CheckpointError.malformed(path: path, reason: reason) }
    }
    popularity = try Self.counts("pop.count", of: file, shape: [ShopLocale.allCases.count, rows])
    try check(Self.canBeAdded(popularity), "its counts make no sense")
    guard TransitionRule(model) != nil else { return }
    offsets = Array(try file.array("covisit.offsets", as: Int64.self, shape: [rows + 1]))
    next = Array(try file.array("covisit.next", as: Int32.self))
    counts = try Self.counts("covisit.count", of: file, shape: [next.count])
    try check(offsets.first == 0 && offsets.last == Int64(next.count), "its offsets do not span the transitions")
    try check(zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }, "its offsets go back")
    try check(next.allSatisfy { (1..<Int32(rows)).contains($0) }, "a transition leads to no row")
    try check(
      zip(offsets, offsets.dropFirst()).allSatisfy { start, end in
        let followers = next[Int(start)..<Int(end)]
        return zip(followers, followers.dropFirst()).allSatisfy { $0 < $1 }
      }, "its transitions are not in order")
    try check(Self.canBeAdded(counts), "its counts make no sense")
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

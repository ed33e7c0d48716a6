import MPI
import Storage

extension TrainerSnapshot {
  /// Writes the checkpoint while all ranks wait; collective.
  /// - Parameter folder: appears whole, or not at all.
  /// - Throws: on rank 0 `StorageError`, on the others `MPIError.peerFailed`.
  package func save(to folder: String, group: any ProcessGroup) throws {
    // The ranks' shares of the tables travel as the files are written, one after the other, so that rank 0 never holds
    // whole ones. What a failure leaves unwritten must travel all the same.
    let streams = TableStreams(tables, group: group)
    let outcome = Result {
      if group.rank == 0 { try write(to: folder, stream: streams.stream) }
    }
    try streams.finish()
    if case .failure(let error) = outcome { try group.agree(error) } else { try group.agree(nil) }
  }

  /// Writes the checkpoint: rank 0's part.
  /// - Parameters:
  ///   - folder: appears whole, or not at all.
  ///   - requireWanted: throws where, now that all is written, the folder is not to appear.
  ///   - stream: hands the whole of the next table, piece by piece in the order of the ranks, to its second argument.
  func write(
    to folder: String, requireWanted: () throws -> Void = {},
    stream: @escaping (Table, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let transaction = try FolderTransaction(at: folder, manifest: CheckpointState.fileName, overwrite: true)
    for file in files {
      let tables = file.tables.map { table in
        SafetensorsTensor(name: table.name, dtype: .f32, shape: table.shape) { try stream(table, $0) }
      }
      let weights = file.weights.map {
        SafetensorsTensor(name: $0.name, dtype: .f32, shape: $0.shape, bytes: UnsafeRawBufferPointer($0.elements))
      }
      let checksum = try SafetensorsWriter.write(
        to: transaction.path(of: file.name), metadata: ["format": "caravan", "model": model],
        tensors: tables + weights)
      transaction.record(file.name, sha256: checksum)
    }
    try items.withUnsafeLines(ofFirst: items.count) { try transaction.write($0, as: Checkpoint.itemsFile) }
    try requireWanted()
    try transaction.commit { checksums in
      var state = state
      state.files = checksums
      return try state.encoded()
    }
  }
}

import Storage

/// The run's folder, on rank 0; it must stay where it is.
extension FolderIdentity? {
  /// Writes into the folder, unless it was moved away: whatever fails in one that was fails of that.
  func write(_ body: () throws -> Void) throws {
    try self?.requireSame()
    do {
      try body()
    } catch {
      try self?.requireSame()
      throw error
    }
  }
}

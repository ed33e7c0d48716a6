import Foundation
import Storage
import Testing

/// What one process sees of a folder's lock; that another is refused is tested with runs.
@Suite struct FolderLockTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func word() throws -> String {
    try String(contentsOfFile: folder.file(FolderLock.fileName), encoding: .utf8)
  }

  @Test func itLeavesWordOfItsOwner() throws {
    try FolderLock(folder: folder.path, owner: "a process with a long name").release()
    let lock = try FolderLock(folder: folder.path, owner: "me")
    #expect(try word() == "me\n")
    lock.release()
    #expect(try word() == "me\n")  // the file stays
  }

  @Test func whereItCannotBeWrittenIsToldAtOnce() throws {
    let nowhere = folder.file("nowhere")
    #expect(throws: StorageError.cannotWrite(path: nowhere + "/.lock", reason: "No such file or directory")) {
      try FolderLock(folder: nowhere, owner: "me")
    }
    try FileManager.default.createDirectory(atPath: folder.file(".lock"), withIntermediateDirectories: true)
    #expect(throws: StorageError.self) { try FolderLock(folder: folder.path, owner: "me") }
  }
}

import Foundation
import Storage
import Testing

@Suite struct FolderTransactionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func commit(_ text: String, to name: String, overwrite: Bool = false) throws {
    let transaction = try FolderTransaction(
      at: folder.file(name), manifest: "state.json", overwrite: overwrite)
    try transaction.write(Data(text.utf8), as: "a.txt")
    try transaction.commit { checksums in try JSONEncoder().encode(checksums) }
  }

  private func read(_ name: String) throws -> String { try String(contentsOfFile: folder.file(name), encoding: .utf8) }

  @Test func committedFolderIsWholeAndListed() throws {
    try commit("hello", to: "run/step")  // the folder above is made, too
    #expect(try folder.names() == ["run"])
    #expect(try read("run/step/a.txt") == "hello")
    let listed = try JSONDecoder().decode(
      [String: String].self, from: Data(contentsOf: URL(fileURLWithPath: folder.file("run/step/state.json"))))
    // sha256sum's answer for "hello"
    #expect(listed == ["a.txt": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"])
    try Checksum.verify(folder: folder.file("run/step"), files: listed)
  }

  @Test func damageIsFound() throws {
    try commit("hello", to: "step")
    let listed = ["a.txt": try Checksum.sha256(ofFile: folder.file("step/a.txt"))]
    try atomicWrite(Data("hallo".utf8), to: folder.file("step/a.txt"))
    #expect(
      throws: StorageError.checksumDiffers(
        path: folder.file("step/a.txt"), expected: listed["a.txt"] ?? "",
        found: Checksum.sha256(of: Data("hallo".utf8)))
    ) { try Checksum.verify(folder: folder.file("step"), files: listed) }
    #expect(throws: StorageError.missingFile(path: folder.file("step/b.txt"))) {
      try Checksum.verify(folder: folder.file("step"), files: ["b.txt": "00"])
    }
  }

  @Test func withoutCommitNothingIsLeft() throws {
    do {
      let transaction = try FolderTransaction(at: folder.file("deep/er/step"), manifest: "state.json")
      try transaction.write(Data("x".utf8), as: "a.txt")
      #expect(try folder.names() == ["deep"])
    }
    #expect(try folder.names() == [])
    struct Refused: Error {}
    #expect(throws: Refused.self) {
      let transaction = try FolderTransaction(at: folder.file("step"), manifest: "state.json")
      try transaction.write(Data("x".utf8), as: "a.txt")
      try transaction.commit { _ in throw Refused() }
    }
    #expect(try folder.names() == [])
  }

  @Test func existingFoldersAreReplacedOnlyOnRequest() throws {
    try commit("one", to: "step")
    #expect(throws: StorageError.alreadyExists(path: folder.file("step"))) { try commit("two", to: "step") }
    #expect(try read("step/a.txt") == "one")
    try commit("two", to: "step", overwrite: true)
    #expect(try read("step/a.txt") == "two")
    #expect(try folder.names() == ["step"])
  }

  @Test func othersFoldersAreNeverReplaced() throws {
    try FileManager.default.createDirectory(atPath: folder.file("home"), withIntermediateDirectories: true)
    try commit("one", to: "home")  // an empty folder may be filled
    try FileManager.default.removeItem(atPath: folder.file("home/state.json"))
    #expect(throws: StorageError.notReplaceable(path: folder.file("home"), manifest: "state.json")) {
      try commit("two", to: "home", overwrite: true)
    }
    #expect(try read("home/a.txt") == "one")
  }

  @Test func linksMoveInOneStep() throws {
    try replaceSymbolicLink(at: folder.file("latest"), to: "step-1")
    try replaceSymbolicLink(at: folder.file("latest"), to: "step-2")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("latest")) == "step-2")
    #expect(try folder.names() == ["latest"])
  }

  @Test func staleTemporariesAreRemoved() throws {
    try commit("one", to: "step-1")
    for stale in [".step-1.tmp-abc", ".step-12.tmp-abc"] {
      try FileManager.default.createDirectory(atPath: folder.file(stale), withIntermediateDirectories: true)
      _ = try folder.write([1], as: stale + "/a.txt")
    }
    try removeStaleTemporaries(in: folder.path, of: "step-1")
    #expect(try folder.names() == [".step-12.tmp-abc", "step-1"])
  }

  @Test func unwritablePlacesAreToldAtOnce() throws {
    _ = try folder.write([1], as: "file")
    #expect(throws: StorageError.self) {
      try FolderTransaction(at: folder.file("file/step"), manifest: "state.json")
    }
    #expect(throws: StorageError.alreadyExists(path: folder.file("file"))) {
      try FolderTransaction(at: folder.file("file"), manifest: "state.json")
    }
    #expect(throws: StorageError.notReplaceable(path: folder.file("file"), manifest: "state.json")) {
      try FolderTransaction(at: folder.file("file"), manifest: "state.json", overwrite: true)
    }
  }
}

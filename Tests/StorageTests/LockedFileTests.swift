import Foundation
import Storage
import Testing

/// What one process does with a locked file; that several take turns is tested with the queue of a sweep.
@Suite struct LockedFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func linesAreAddedAfterThoseThatAreThere() throws {
    let path = folder.file("lines")
    try LockedFile(path: path).append(line: "one")
    try LockedFile(path: path).append(line: "two")
    #expect(try LockedFile(path: path).contents() == Data("one\ntwo\n".utf8))
  }

  @Test func aLineThatWasCutOffSpoilsNoOther() throws {
    let path = folder.file("lines")
    try Data("whole\nhal".utf8).write(to: URL(fileURLWithPath: path))
    try LockedFile(path: path).append(line: "next")
    #expect(try LockedFile(path: path).contents() == Data("whole\nhal\nnext\n".utf8))
  }

  @Test func aShorterTextReplacesALongerOne() throws {
    let path = folder.file("number")
    try LockedFile(path: path).replace(with: "1234")
    try LockedFile(path: path).replace(with: "5")
    #expect(try LockedFile(path: path).contents() == Data("5".utf8))
  }

  @Test func longFilesAreReadWhole() throws {
    let text = String(repeating: "0123456789", count: 20_000)
    let file = try LockedFile(path: folder.file("long"))
    try file.append(line: text)
    #expect(try file.contents() == Data((text + "\n").utf8))
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    let path = folder.file("nowhere/lines")
    #expect {
      try LockedFile(path: path)
    } throws: { error in
      if case .cannotWrite(let named, _)? = error as? StorageError { return named == path }
      return false
    }
  }
}

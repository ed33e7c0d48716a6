import Foundation
import Storage
import Testing
import Text

@Suite struct OutputPlaceTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// By any name: another spelling, a link of either kind, a link in a folder, a file deep in a folder that is read.
  @Test(arguments: [true, false]) func whatIsReadIsNeverReplaced(replaces: Bool) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder.file("run/steps/one"), withIntermediateDirectories: true)
    let input = try folder.write([1], as: "sessions.csv"), deep = try folder.write([2], as: "run/steps/one/state.json")
    try manager.createSymbolicLink(atPath: folder.file("run/latest"), withDestinationPath: "steps/one")
    try manager.createSymbolicLink(atPath: folder.file("run/up"), withDestinationPath: "..")
    try manager.createSymbolicLink(atPath: folder.file("soft.csv"), withDestinationPath: "sessions.csv")
    try manager.linkItem(atPath: input, toPath: folder.file("hard.csv"))
    func check(_ path: String, is file: String) {
      #expect(throws: StorageError.isInput(path: path, input: file)) {
        try OutputPlace.check(path, replaces: replaces, inputs: [folder.file("run"), input])
      }
    }
    check(input, is: input)
    check(folder.path + "/run/.././sessions.csv", is: input)
    check(folder.file("soft.csv"), is: input)
    check(folder.file("hard.csv"), is: input)
    check(deep, is: deep)
    check(folder.file("run/latest/state.json"), is: deep)
  }

  @Test func onlyJSONTakesThePlaceOfJSONUnasked() throws {
    let own = try folder.write(Array("{}".utf8), as: "own.json"), empty = try folder.write([], as: "empty.json")
    for path in [own, empty, folder.file("new.json"), folder.file("new.txt"), "/dev/null"] {
      try OutputPlace.check(json: path, inputs: [])
    }
    let log = try folder.write(Array("a,b".utf8), as: "log.json"), lines = try folder.write([0x7b], as: "lines.jsonl")
    for path in [log, lines] {
      #expect(throws: StorageError.notJSON(path: path)) { try OutputPlace.check(json: path, inputs: []) }
    }
    #expect(throws: StorageError.isInput(path: own, input: own)) { try OutputPlace.check(json: own, inputs: [own]) }
  }

  @Test func otherFilesAreReplacedWhereThatIsAskedFor() throws {
    let other = try folder.write([1], as: "other.csv")
    #expect(throws: StorageError.alreadyExists(path: other)) {
      try OutputPlace.check(other, replaces: false, inputs: [])
    }
    #expect(StorageError.alreadyExists(path: other).description.contains("--force"))
    try OutputPlace.check(other, replaces: true, inputs: [folder.file("none")])
    try OutputPlace.check(folder.file("new.csv"), replaces: false, inputs: [other])
    for path in ["", folder.path, folder.file("none/new.csv"), other + "/new.csv"] {
      #expect(throws: StorageError.self, "\(path)") { try OutputPlace.check(path, replaces: true, inputs: []) }
    }
    #expect(throws: StorageError.isInput(path: folder.path, input: other)) {
      try OutputPlace.check(folder: folder.path, inputs: [other])
    }
    try OutputPlace.check(folder: folder.file("oth"), inputs: [other])
  }

  /// A report never takes the place of a part of a run, whoever's it is.
  @Test(arguments: ["config.yaml", "state.json", ".lock", "model.safetensors"])
  func filesOfRunsAreNoPlaces(name: String) throws {
    let file = try folder.write([1], as: name)
    #expect(throws: StorageError.isOfData(path: file)) { try OutputPlace.check(file, replaces: true, inputs: []) }
  }

  /// Renaming a file over a device would take the device away.
  @Test func streamsAreWrittenTo() throws {
    for path in ["/dev/null", "/dev/stderr"] { try OutputPlace.check(path, replaces: false, inputs: []) }
    try atomicWrite(Data("gone".utf8), to: "/dev/null")
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func namesOfOneCharacterAreNamesLikeOthers() throws {
    #expect(parentFolder(of: "d") == "." && parentFolder(of: "/d") == "/" && parentFolder(of: "a/d/") == "a")
    #expect(fileExtension(of: "d") == "" && fileExtension(of: "a.b/c") == "" && fileExtension(of: "x/c.CSV") == "csv")
  }
}

@Suite struct MessageTests {
  /// The digits shown are those that differ.
  @Test(arguments: [0, 5, 11, 12, 13, 40, 63]) func aWrongHashShowsWhereItDiffers(place: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3], as: "bytes")
    let found = try Checksum.sha256(ofFile: path)
    var digits = Array(found)
    digits[place] = digits[place] == "0" ? "1" : "0"
    do {
      try Checksum.verify(folder: folder.path, files: ["bytes": String(digits)])
      Issue.record("a wrong hash was taken")
    } catch {
      let message = "\(error)", first = place < 12 ? 0 : place
      let shown = [found, String(digits)].map { String($0.dropFirst(first).prefix(12)) }
      #expect(shown[0] != shown[1] && shown.allSatisfy(message.contains), "\(message)")
    }
    for none in ["", "abc", String(repeating: "z", count: 64)] {
      #expect(throws: StorageError.checksumDiffers(path: path, expected: none, found: found)) {
        try Checksum.verify(folder: folder.path, files: ["bytes": none])
      }
      #expect("\(StorageError.checksumDiffers(path: path, expected: none, found: found))".contains("which is none"))
    }
  }

  @Test func aLineIsPrintableAndShortWhateverIsInIt() {
    let odd = "a\u{1b}[31m\r\nb\u{0}\u{85}\u{2028}\u{202e}\tc"
    let advice = "use another file"
    for message in [
      odd, String(repeating: odd, count: 100), String(repeating: "x", count: 1_000_000),
      String(repeating: "棚\u{301}", count: 5_000), String(repeating: "\n", count: 400), "",
    ] {
      let line = errorLine("\(message): \(advice)")
      #expect(line.hasSuffix(advice) && line.utf8.count <= 240)
      #expect(
        line.unicodeScalars.allSatisfy {
          ![.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        })
    }
    #expect(errorLine("cannot read a: it is a folder") == "cannot read a: it is a folder")
  }
}

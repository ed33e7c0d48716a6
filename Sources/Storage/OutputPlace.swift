import Foundation

/// Whether a file may be written at a path: asked before any work is done, not learnt after it.
public enum OutputPlace {
  /// Checks that a file can be made at `path`, and that it would take the place of nothing that is needed.
  /// - Parameters:
  ///   - replaces: whether it may take the place of a file that is no input.
  ///   - inputs: files that are read, and folders of which any file may be. A file is known by what it is, not by its
  ///     name: links to it and other spellings of its path are the same file.
  /// - Throws: `.isInput`, `.isOfData`, `.alreadyExists`, `.cannotWrite`.
  public static func check(_ path: String, replaces: Bool, inputs: [String]) throws(StorageError) {
    if path.isEmpty { throw .cannotWrite(path: "''", reason: "the name is empty") }
    if let status = status(ofTarget: path) {
      if status.st_mode & S_IFMT == S_IFDIR { throw .cannotWrite(path: path, reason: "it is a folder") }
      if let input = inputs.lazy.compactMap({ file(like: status, in: $0) }).first {
        throw .isInput(path: path, input: input)
      }
    }
    var own = stat()
    let isThere = lstat(path, &own) == 0
    if isThere, isOfData(path) { throw .isOfData(path: path) }
    if isThere, !replaces, !OutputFile.isStream(path) { throw .alreadyExists(path: path) }
    if OutputFile.isStream(path) { return }
    let folder = parentFolder(of: path)
    if access(folder, W_OK | X_OK) != 0 { throw .cannotWrite(path: path, reason: systemErrorText()) }
    if status(ofTarget: folder).map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true {
      throw .cannotWrite(path: path, reason: "\(folder) is not a folder")
    }
  }

  /// The same for a file of JSON, which may take the place of another: of what else is there it may not.
  /// - Throws: `.notJSON` where the file is something else, and what `check` throws.
  public static func check(json path: String, inputs: [String]) throws(StorageError) {
    try check(path, replaces: true, inputs: inputs)
    guard status(ofTarget: path) != nil, !OutputFile.isStream(path) else { return }
    let begin = FileHandle(forReadingAtPath: path).flatMap { try? $0.read(upToCount: 1) } ?? Data()
    let isJSON = fileExtension(of: path) == "json" && begin.first.map { "{[".utf8.contains($0) } ?? true
    if !isJSON { throw .notJSON(path: path) }
  }

  /// Whether a file of that name is part of a run, a checkpoint or a data set: of none of them may a report take the place.
  private static func isOfData(_ path: String) -> Bool {
    let names = ["config.yaml", "metrics.jsonl", "log.txt", ".lock", "state.json", "dataset.json", "items.txt"]
    let tensors = ["model", "optimizer", "train", "valid", "test", "products"].map { $0 + ".safetensors" }
    return (names + tensors).contains(lastName(of: path))
  }

  /// Checks that nothing that is read lies in a folder that is about to be replaced.
  /// - Throws: `.isInput`.
  public static func check(folder: String, inputs: [String]) throws(StorageError) {
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    let place = resolved(folder) + "/"
    for input in inputs where resolved(input).hasPrefix(place) { throw .isInput(path: folder, input: input) }
  }

  /// The file at `path`, or in the folder there, that is the one with this status; nil where none is.
  private static func file(like wanted: stat, in path: String) -> String? {
    guard let found = status(ofTarget: path) else { return nil }
    if found.st_mode & S_IFMT != S_IFDIR {
      return found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino ? path : nil
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().lazy.map { joined(path, $0) }.compactMap { inside in
      // Links inside a folder may lead in circles; what they lead to inside it is seen there.
      let isFolder = status(ofTarget: inside).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
      let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: inside)) != nil
      return isFolder && isLink ? nil : file(like: wanted, in: inside)
    }.first
  }

  /// What links lead to; nil where there is nothing.
  private static func status(ofTarget path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }
}

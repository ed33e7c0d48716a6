import Text

/// What can go wrong with files. Each case is data; `description` is the one sentence shown to people.
public enum StorageError: Error, Equatable, CustomStringConvertible {
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case missingFile(path: String)
  /// A folder was moved away or removed while it was written to.
  case replaced(path: String)
  case alreadyExists(path: String)
  /// A file to be written is one of those that are read.
  case isInput(path: String, input: String)
  /// A file is there that is none of those that a command replaces without being told.
  case notJSON(path: String)
  /// What would be replaced has the name of a file of a run, a checkpoint or a data set.
  case isOfData(path: String)
  /// A folder to be replaced holds something that we did not write.
  case notReplaceable(path: String, manifest: String)
  /// Another process has the lock of the folder.
  case inUse(folder: String, by: String)
  /// The file system has no locks, or gives none.
  case cannotLock(path: String, reason: String)
  case checksumDiffers(path: String, expected: String, found: String)
  /// A file of vectors whose name does not tell its format.
  case unknownVectorFormat(path: String)
  case malformedTensors(path: String, defect: SafetensorsDefect)
  case noSuchTensor(path: String, name: String)
  case dtypeDiffers(path: String, name: String, expected: String, found: String)
  case shapeDiffers(path: String, name: String, expected: [Int], found: [Int])

  public var description: String {
    switch self {
    case .cannotRead(let path, let reason):
      "cannot read \(path): \(reason)"
    case .cannotWrite(let path, let reason):
      "cannot write \(path): \(reason)"
    case .replaced(let path):
      "\(path) was moved or removed while this job wrote to it: nothing more is written there, start it again"
    case .missingFile(let path):
      "\(path) is missing: the folder is incomplete, make it again or copy it again"
    case .alreadyExists(let path):
      "\(path) exists already: choose another name, or replace it with --force"
    case .notJSON(let path):
      "\(path) is there and not a .json file, so it is not replaced: choose another name, or remove it yourself"
    case .isOfData(let path):
      "\(path) is part of a run, a checkpoint or a data set: choose another name for what is written"
    case .isInput(let path, let input):
      "\(path) would be replaced, but \(path == input ? "it" : input) is read: choose another name for what is written"
    case .notReplaceable(let path, let manifest):
      "\(path) holds no \(manifest), so it is not replaced: choose another name, or remove it yourself"
    case .inUse(let folder, let holder):
      "\(folder) is in use by \(holder): wait for its end, or choose another folder"
    case .cannotLock(let path, let reason):
      "cannot lock \(path): \(reason): choose a folder on a file system that has locks"
    case .checksumDiffers(let path, let expected, let found):
      "\(path) is damaged: \(Checksum.difference(found: found, expected: expected)); copy it again"
    case .unknownVectorFormat(let path):
      "\(path) names no format of vectors: end it in .npy or .safetensors"
    case .malformedTensors(let path, let defect):
      "\(path) is not a valid safetensors file: \(defect)"
    case .noSuchTensor(let path, let name):
      "\(path) has no tensor \(printable(name)): is it the right file?"
    case .dtypeDiffers(let path, let name, let expected, let found):
      "tensor \(name) of \(path) is \(found), \(expected) is needed: is it the right file?"
    case .shapeDiffers(let path, let name, let expected, let found):
      "tensor \(name) of \(path) has shape \(printable("\(found)")), \(expected) is needed: is it the right file?"
    }
  }
}

/// The ways in which a safetensors file can be malformed, as the format's description lists them.
public enum SafetensorsDefect: Error, Equatable, CustomStringConvertible {
  /// Fewer than the 8 bytes of the header's length.
  case headerTooSmall
  /// The header claims more than 100,000,000 bytes.
  case headerTooLarge(UInt64)
  /// The header claims more bytes than the file has.
  case badHeaderLength(UInt64)
  case headerNotUTF8
  case badJSON(reason: String, offset: Int)
  case duplicateName(String)
  case unknownDtype(name: String, dtype: String)
  /// The tensors are not contiguous from 0: a hole, an overlap, or an end before its begin.
  case invalidOffset(name: String)
  /// The bytes of a tensor are not what its shape and dtype need.
  case sizeDiffers(name: String, expected: Int, found: Int)
  case shapeOverflow(name: String)
  /// The file is shorter or longer than header and tensors.
  case incompleteBuffer(expected: Int, found: Int)

  public var description: String {
    switch self {
    case .headerTooSmall: "it has no header"
    case .headerTooLarge(let bytes): "its header claims \(bytes) bytes, above the limit of 100000000"
    case .badHeaderLength(let bytes): "its header claims \(bytes) bytes, more than the file has"
    case .headerNotUTF8: "its header is not UTF-8"
    case .badJSON(let reason, let offset): "its header is not the JSON expected, \(reason) at byte \(offset)"
    case .duplicateName(let name): "its header names \(printable(name)) twice"
    case .unknownDtype(let name, let dtype):
      "tensor \(printable(name)) has the unknown dtype \(printable(dtype, limit: 20))"
    case .invalidOffset(let name): "tensor \(printable(name)) leaves a hole or overlaps another"
    case .sizeDiffers(let name, let expected, let found):
      "tensor \(printable(name)) has \(found) bytes, its shape needs \(expected)"
    case .shapeOverflow(let name): "the shape of tensor \(printable(name)) overflows"
    case .incompleteBuffer(let expected, let found):
      "it has \(found) bytes of tensors, its header needs \(expected); it may be cut off"
    }
  }
}

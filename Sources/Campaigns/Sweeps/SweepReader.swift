import Foundation
import OptionTables
import Runs
import Text
import Yams

/// Reads the parts of a sweep's YAML.
struct SweepReader {
  private let root: Node.Mapping
  private let path: String

  init(_ text: String, path: String) throws(SweepError) {
    self.path = path
    do {
      root = try YAMLText.mapping(in: text, such: "command: train")
    } catch {
      throw .malformed(path: path, reason: error.sentence)
    }
    let known = ["command", "options", "grid", "random"]
    if let stray = root.keys.compactMap(\.string).first(where: { !known.contains($0) }) {
      let nearest = nearestName(to: stray, among: known).map { ": did you mean \($0)?" } ?? ""
      throw malformed("it may have \(known.joined(separator: ", ")), but not \(printable(stray))\(nearest)")
    }
  }

  func command() throws(SweepError) -> String {
    guard let node = root[Node("command")] else { return "train" }
    guard let name = node.string else { throw malformed("the command is not a name") }
    return name
  }

  func fixedOptions() throws(SweepError) -> [String: String] {
    guard let node = root[Node("options")] else { return [:] }
    return try options(of: node, at: "options").reduce(into: [:]) { $0[$1.name] = $1.text }
  }

  func search() throws(SweepError) -> ([SweepAxis], SweepFile.Search) {
    switch (root[Node("grid")], root[Node("random")]) {
    case (let grid?, nil):
      return (try axes(of: grid, at: "grid", allowsRanges: false), .grid)
    case (nil, let random?):
      guard let mapping = random.mapping, let list = mapping[Node("options")] else {
        throw malformed("random needs samples and options")
      }
      let samples = try wholeNumber("samples", of: mapping)
      guard let samples, samples >= 1 else { throw malformed("random.samples is no whole number from 1 up") }
      let seed = try wholeNumber("seed", of: mapping) ?? 2023
      let axes = try self.axes(of: list, at: "random.options", allowsRanges: true)
      return (axes, .random(samples: samples, seed: UInt64(seed)))
    case (nil, nil):
      throw malformed("it lacks a grid, or random")
    case (_?, _?):
      throw malformed("it has both a grid and random: leave out one")
    }
  }

  private func axes(of node: Node, at place: String, allowsRanges: Bool) throws(SweepError) -> [SweepAxis] {
    guard let mapping = node.mapping else { throw malformed("\(place) has no lines of the form `lr: [0.01, 0.001]`") }
    var axes: [SweepAxis] = []
    for (key, value) in mapping {
      guard let label = key.string.flatMap(plainName) else {
        throw malformed("\(place) has a name that is none")
      }
      if let list = value.sequence, !list.isEmpty {
        var choices: [[SweepOption]] = []
        for element in list { choices.append(try choice(element, label: label, at: "\(place).\(label)")) }
        axes.append(SweepAxis(label: label, values: .choices(choices)))
      } else if allowsRanges, let ends = value.mapping {
        axes.append(SweepAxis(label: label, values: .range(try range(ends, at: "\(place).\(label)"))))
      } else {
        throw malformed("\(place).\(label) is no list of values" + (allowsRanges ? " and no range" : ""))
      }
    }
    return axes
  }

  /// A value of the option `label`, or a mapping that sets several options.
  private func choice(_ node: Node, label: String, at place: String) throws(SweepError) -> [SweepOption] {
    if node.mapping != nil { return try options(of: node, at: place) }
    guard let text = node.optionText else { throw malformed("\(place) has a value that is none") }
    return [SweepOption(name: label, text: text)]
  }

  private func range(_ mapping: Node.Mapping, at place: String) throws(SweepError) -> SweepRange {
    let known = ["from", "to", "scale"]
    let texts = ["from", "to"].map { mapping[Node($0)]?.string ?? "" }
    if let lower = Double(texts[0]), let upper = Double(texts[1]), lower > upper {
      throw malformed("\(place) goes from \(texts[0]) to \(texts[1]), which is less: change the two")
    }
    let scale = mapping[Node("scale")]?.string ?? "linear"
    guard mapping.keys.allSatisfy({ known.contains($0.string ?? "") }), ["linear", "log"].contains(scale),
      let lower = Double(texts[0]), let upper = Double(texts[1]), lower <= upper, (upper - lower).isFinite
    else { throw malformed("\(place) has not the form {from: 0.0001, to: 0.01, scale: log}, or scale: linear") }
    if scale == "log" && lower <= 0 {
      throw malformed("\(place) begins at \(texts[0]), scale: log needs more than 0")
    }
    return SweepRange(
      lower: lower, upper: upper, isLogarithmic: scale == "log", isWhole: texts.allSatisfy { Int32($0) != nil })
  }

  private func options(of node: Node, at place: String) throws(SweepError) -> [SweepOption] {
    guard let mapping = node.mapping else { throw malformed("\(place) has no lines of the form `lr: 0.01`") }
    var options: [SweepOption] = []
    for (key, value) in mapping {
      if value.isNone { continue }
      guard let name = key.string.flatMap(plainName), let text = value.optionText else {
        throw malformed("\(place).\(key.string ?? "?") has no value")
      }
      options.append(SweepOption(name: name.replacing("-", with: "_"), text: text))
    }
    return options
  }

  private func wholeNumber(_ name: String, of mapping: Node.Mapping) throws(SweepError) -> Int? {
    guard let node = mapping[Node(name)] else { return nil }
    guard let number = node.string.flatMap({ Int($0) }), number >= 0 else {
      throw malformed("random.\(name) is no whole number")
    }
    return number
  }

  /// A name as options have it, of letters, digits, dashes and underscores; nil for what cannot be one.
  private func plainName(_ text: String) -> String? {
    let name = text.replacing("-", with: "_")
    return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") } && !name.isEmpty ? name : nil
  }

  private func malformed(_ reason: String) -> SweepError { .malformed(path: path, reason: reason) }
}

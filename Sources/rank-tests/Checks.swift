import MPI

typealias RankCase = (any ProcessGroup) throws -> Void

/// A case found a wrong value.
struct CheckFailed: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func expect(_ condition: Bool, _ claim: @autoclosure () -> String) throws {
  if !condition { throw CheckFailed("not so: \(claim())") }
}

func expectEqual<T: Equatable>(_ found: [T], _ expected: [T], _ what: @autoclosure () -> String) throws {
  guard found != expected else { return }
  guard found.count == expected.count else {
    throw CheckFailed("\(what()): \(found.count) elements, not \(expected.count)")
  }
  let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }!
  throw CheckFailed("\(what()): \(place.element.0), not \(place.element.1), at \(place.offset)")
}

/// Runs a case once as it is and again with at most 7 and 1 elements a call, as counts above the limit would.
func withEveryCallLimit(_ body: @escaping RankCase) -> RankCase {
  { group in
    try body(group)
    guard let communicator = group as? Communicator else { return }
    let limit = communicator.elementsPerCall
    defer { communicator.elementsPerCall = limit }
    for small in [7, 1] {
      communicator.elementsPerCall = small
      try body(communicator)
    }
  }
}

/// A number that differs per rank and element, and is exact in every element type.
func mark(_ rank: Int, _ element: Int) -> Int { (rank * 31 + element * 7 + 3) % 120 }

/// The first argument after the case's name, as a number.
func numberArgument(default value: Int) -> Int {
  CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? value : value
}

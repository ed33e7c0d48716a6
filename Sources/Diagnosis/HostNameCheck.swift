import Foundation
import MPI

/// Whether this machine finds itself by its name, which `mpirun` looks up at every start.
package struct HostNameCheck {
  let name: String
  let isFound: Bool
  /// How long the search took.
  let seconds: Double

  package init(name: String, isFound: Bool, seconds: Double) {
    self.name = name
    self.isFound = isFound
    self.seconds = seconds
  }

  /// Looks this machine's name up.
  init() {
    let began = ContinuousClock.now
    var found: UnsafeMutablePointer<addrinfo>?
    let isFound = getaddrinfo(MPIRuntime.hostname, nil, nil, &found) == 0
    if isFound { freeaddrinfo(found) }
    self.init(
      name: MPIRuntime.hostname, isFound: isFound, seconds: (ContinuousClock.now - began) / .seconds(1))
  }

  package var findings: [Finding] {
    let advice = "name it in /etc/hosts, 127.0.1.1 \(name), or in the network's name server"
    if !isFound {
      return [.note("host name", "\(name) has no address: mpirun starts seconds later", do: advice)]
    }
    if seconds > 1 {
      return [
        .note(
          "host name", "it takes \(String(format: "%.1f", seconds)) s to find \(name): mpirun starts later", do: advice)
      ]
    }
    return [.ok("host name", "\(name) has an address")]
  }
}

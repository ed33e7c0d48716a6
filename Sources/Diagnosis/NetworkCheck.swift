import Foundation

/// The networks that ranks on several hosts could take.
package struct NetworkCheck {
  package struct Interface: Equatable {
    let name: String
    /// Such as `10.0.0.3`.
    let address: String

    package init(name: String, address: String) {
      self.name = name
      self.address = address
    }
  }

  /// Those that are up and have an IPv4 address, the loopback not among them.
  let interfaces: [Interface]

  package init(interfaces: [Interface]) { self.interfaces = interfaces }

  /// Those of this machine.
  init() { interfaces = Self.own() }

  package var findings: [Finding] {
    let inner = interfaces.filter { Self.isInner($0.name) }, outer = interfaces.filter { !Self.isInner($0.name) }
    let list = outer.map { "\($0.name) (\($0.address))" }.joined(separator: ", ")
    guard let first = outer.first else {
      return [.ok("network", "no interface to other machines: jobs of this machine alone need none")]
    }
    let names = inner.map(\.name).joined(separator: ", ")
    if !inner.isEmpty {
      return [
        .note(
          "network", "\(list); and \(names), which lead to no other machine, but Open MPI tries them, and hangs",
          do: "with several hosts say --interface \(first.name) (caravan run) or --mca btl_tcp_if_include \(first.name)"
        )
      ]
    }
    if outer.count > 1 {
      return [
        .note(
          "network", "\(list): Open MPI takes all of them",
          do: "with several hosts name the one that joins them: --interface")
      ]
    }
    return [.ok("network", "\(list), which jobs of several hosts take")]
  }

  /// Bridges and tunnels that containers and virtual machines make.
  private static func isInner(_ name: String) -> Bool {
    ["docker", "virbr", "br-", "veth", "cni", "flannel", "podman", "lxc", "lxdbr", "tun", "tap"].contains {
      name.hasPrefix($0)
    }
  }

  private static func own() -> [Interface] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0, let first else { return [] }
    defer { freeifaddrs(first) }
    return sequence(first: first, next: \.pointee.ifa_next).map(\.pointee).compactMap { entry -> Interface? in
      guard let address = entry.ifa_addr, address.pointee.sa_family == UInt16(AF_INET),
        entry.ifa_flags & UInt32(IFF_UP) != 0, entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0
      else { return nil }
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let length = socklen_t(MemoryLayout<sockaddr_in>.size)
      guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
      return Interface(
        name: String(cString: entry.ifa_name),
        address: text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }
  }
}

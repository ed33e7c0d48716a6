// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "next",
  dependencies: [.package(name: "caravan", path: "../..")],
  targets: [
    .executableTarget(
      name: "next",
      dependencies: ["Evaluation", "MPI", "Runs", "Sessions"].map { .product(name: $0, package: "caravan") })
  ]
)

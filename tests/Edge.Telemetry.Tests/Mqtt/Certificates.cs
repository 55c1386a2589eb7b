using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A CA made for one test, with what it signed, as PEM files that mosquitto can read whatever user it becomes.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class Certificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-tls-").FullName;
    private readonly X509Certificate2 _authority;

    public Certificates(string name = "Edge test CA")
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        CaFile = Write("ca.pem", _authority.ExportCertificatePem());
    }

    public string CaFile { get; }

    /// <summary>A certificate for a broker at a name or address.</summary>
    public (string Certificate, string Key) ForBroker(string host) => Sign(host, "1.3.6.1.5.5.7.3.1", names =>
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) names.AddIpAddress(address);
        else names.AddDnsName(host);
    });

    /// <summary>A certificate for a device.</summary>
    public (string Certificate, string Key) ForDevice(string name) => Sign(name, "1.3.6.1.5.5.7.3.2", null);

    public string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
        return path;
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private (string Certificate, string Key) Sign(string name, string usage, Action<SubjectAlternativeNameBuilder>? alternatives)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], true));
        if (alternatives is not null)
        {
            SubjectAlternativeNameBuilder names = new();
            alternatives(names);
            request.CertificateExtensions.Add(names.Build());
        }

        using X509Certificate2 signed = request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
        return (Write($"{name}.crt", signed.ExportCertificatePem()), Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()));
    }
}

// Starts Swagger UI on the document that the page names in its data attributes, and follows the reader's light or dark
// preference. Calls always go to the origin that served this page, even when the document names the public address:
// both are the same proxy, and the page's policy allows no other.

const root = document.getElementById('swagger-ui');
const { document: documentUrl, baseUrl, basePath, expansion } = root.dataset;

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const followScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followScheme);
followScheme();

window.SwaggerUIBundle({
  domNode: root,
  url: documentUrl,
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  docExpansion: expansion,
  defaultModelsExpandDepth: -1,
  // Swagger's validator is a web service; documents stay here.
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (new URL(baseUrl).origin !== window.location.origin && request.url.startsWith(baseUrl)) {
      request.url = window.location.origin + basePath + request.url.slice(baseUrl.length);
    }
    return request;
  },
});

// The API page: Swagger UI shows the OpenAPI document that the page holds.

const ui = window.SwaggerUIBundle({
  dom_id: "#swagger-ui",
  spec: JSON.parse(document.getElementById("document").textContent),
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: ["get", "post"],
  validatorUrl: null, // no request to another host
  onComplete() {
    const token = sessionStorage.getItem("advisor-token"); // from the other pages of this tab
    if (token) ui.preauthorizeApiKey("token", token);
  },
});
